using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>
/// Cancels, retries and updates jobs. A check runs inside the change, on the job as readers see it; if it throws, the
/// job stays as it is. The commit of the change updates the queue and stops a running attempt.
/// </summary>
internal sealed class JobControl(
    JobTracker tracker, IStorage storage, PendingJobQuota quota, CrashPoints crashPoints, ILogger<JobControl> logger)
{
    /// <summary>Cancels a job. Returns a cancelled job unchanged, and null if the job does not exist.</summary>
    /// <exception cref="ServiceException">WRONG_JOB_STATUS.</exception>
    public async Task<JobRecord?> CancelAsync(
        Guid jobId, Action<JobRecord> check, CancellationToken cancellationToken)
    {
        var job = await ChangeAsync(
            jobId, check, JobTransitions.Cancel, "A job that has ended cannot be cancelled.",
            [JobStatus.Pending, JobStatus.Running, JobStatus.Cancelled], cancellationToken);
        crashPoints.Pass(CrashPoint.JobCancelled);
        return job;
    }

    /// <summary>
    /// Returns a failed or cancelled job to the queue. Returns a pending or running job unchanged, and null if the job
    /// does not exist.
    /// </summary>
    /// <exception cref="ServiceException">WRONG_JOB_STATUS, VIDEO_GONE, QUEUE_FULL or
    /// TENANT_QUOTA_EXCEEDED.</exception>
    public async Task<JobRecord?> RetryAsync(
        Guid jobId, Action<JobRecord> check, CancellationToken cancellationToken)
    {
        if (await tracker.FindAsync(jobId, cancellationToken) is not { } job)
        {
            return null;
        }

        if (job.Status is not (JobStatus.Failed or JobStatus.Cancelled))
        {
            return await RetryAsync(job);
        }

        if (!await storage.ExistsAsync(job.InputPath, cancellationToken))
        {
            throw StatusErrors.VideoGone(job, "so the job cannot run again. Submit the video again.");
        }

        using var reservation = quota.Reserve(job.JobId, job.Tenant, isNew: false);
        var retried = await RetryAsync(job);
        crashPoints.Pass(CrashPoint.JobRetried);
        return retried;

        Task<JobRecord?> RetryAsync(JobRecord found) => ChangeAsync(
            found.JobId, check, JobTransitions.Retry, "A completed job has its results; submit its video again.",
            [JobStatus.Failed, JobStatus.Cancelled, JobStatus.Pending, JobStatus.Running], cancellationToken);
    }

    /// <summary>
    /// Changes name, tags or priority. The commit moves a pending job in the queue, and afterwards the manifest of a
    /// completed job follows. Returns null if the job does not exist.
    /// </summary>
    /// <exception cref="ServiceException">WRONG_JOB_STATUS.</exception>
    public async Task<JobRecord?> UpdateAsync(
        Guid jobId, JobUpdate update, Action<JobRecord> check, CancellationToken cancellationToken)
    {
        var job = await ChangeAsync(
            jobId, check, (job, now) => JobTransitions.Update(job, update, now),
            "The priority of a job that has ended cannot change.",
            [JobStatus.Pending, JobStatus.Running], cancellationToken);
        if (job is { Status: JobStatus.Completed })
        {
            await JobManifest.FollowAsync(storage, tracker, jobId, logger);
        }

        return job;
    }

    private async Task<JobRecord?> ChangeAsync(
        Guid jobId, Action<JobRecord> check, Func<JobRecord, DateTimeOffset, JobRecord> transition,
        string whatToDo, IReadOnlyList<JobStatus> allowed, CancellationToken cancellationToken)
    {
        JobRecord? seen = null;
        try
        {
            return await tracker.ChangeAsync(
                jobId,
                (job, now) =>
                {
                    seen = job;
                    check(job);
                    return transition(job, now);
                },
                cancellationToken);
        }
        catch (TransitionRefusedException)
        {
            throw StatusErrors.WrongStatus(seen!, whatToDo, allowed);
        }
    }
}

/// <summary>Errors of calls that the state of a job does not allow.</summary>
internal static class StatusErrors
{
    private const string Type = "foregsyte.v1.Job";

    /// <summary>JOB_NOT_FOUND: the job does not exist, or the caller cannot see it.</summary>
    public static ServiceException NotFound(Guid jobId) =>
        new(ErrorReason.JobNotFound, $"There is no job {jobId} here. List the jobs with ListJobs.")
        {
            Metadata = new Dictionary<string, string> { ["jobId"] = jobId.ToString() },
            Resource = (Type, jobId.ToString()),
        };

    /// <summary>VIDEO_GONE.</summary>
    /// <param name="job">The job.</param>
    /// <param name="consequence">What that means and what to do, the rest of the sentence.</param>
    public static ServiceException VideoGone(JobRecord job, string consequence) => new(
        ErrorReason.VideoGone, $"The video of job {job.JobId} is no longer stored, {consequence}")
    {
        Metadata = new Dictionary<string, string> { ["jobId"] = job.JobId.ToString() },
        Resource = (Type, job.JobId.ToString()),
    };

    /// <summary>WRONG_JOB_STATUS, with the job's status and the allowed ones.</summary>
    public static ServiceException WrongStatus(JobRecord job, string whatToDo, params IEnumerable<JobStatus> allowed)
    {
        var status = JobStatusNames.Of(job.Status);
        var needed = allowed.Select(JobStatusNames.Of).ToList();
        return new ServiceException(
            ErrorReason.WrongJobStatus,
            $"Job {job.JobId} is {status}; this call needs it to be {ListOf(needed)}. {whatToDo}")
        {
            Metadata = new Dictionary<string, string>
            {
                ["jobId"] = job.JobId.ToString(),
                ["status"] = status,
                ["allowed"] = string.Join(",", needed),
            },
            Resource = (Type, job.JobId.ToString()),
        };
    }

    /// <summary>The names as text: "PENDING, RUNNING or FAILED".</summary>
    private static string ListOf(List<string> names) =>
        names.Count == 1 ? names[0] : $"{string.Join(", ", names[..^1])} or {names[^1]}";
}
