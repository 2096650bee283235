using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Errors that several RPCs return.</summary>
internal static class JobErrors
{
    /// <summary>The job does not exist, or the caller cannot see it.</summary>
    public static ServiceException NotFound(Guid jobId) =>
        new(ErrorReason.JobNotFound, $"There is no job {jobId} here. List the jobs with ListJobs.")
        {
            Metadata = new Dictionary<string, string> { ["jobId"] = jobId.ToString() },
            Resource = ("foregsyte.v1.Job", jobId.ToString()),
        };
}
