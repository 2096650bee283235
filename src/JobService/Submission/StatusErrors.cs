using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>What a caller is told whose call does not fit a job's status.</summary>
internal static class StatusErrors
{
    /// <summary>WRONG_JOB_STATUS, with the status and those that would do.</summary>
    public static ServiceException WrongStatus(JobRecord job, string whatToDo, params IEnumerable<JobStatus> allowed)
    {
        var status = JobStatusNames.Of(job.Status);
        var needed = allowed.Select(JobStatusNames.Of).ToList();
        return new ServiceException(
            ErrorReason.WrongJobStatus,
            $"Job {job.JobId} is {status}; this call needs it to be {string.Join(" or ", needed)}. {whatToDo}")
        {
            Metadata = new Dictionary<string, string>
            {
                ["jobId"] = job.JobId.ToString(),
                ["status"] = status,
                ["allowed"] = string.Join(",", needed),
            },
            Resource = ("foregsyte.v1.Job", job.JobId.ToString()),
        };
    }
}
