using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>
/// Cancels and retries jobs. The commit of the change updates the queue and stops a running attempt.
/// </summary>
internal sealed class JobControl(
    JobTracker tracker, IStorage storage, PendingJobQuota quota, CrashPoints crashPoints, TimeProvider time)
{
    /// <summary>Cancels a job. Returns a cancelled job unchanged, and null if the job does not exist.</summary>
    /// <exception cref="ServiceException">WRONG_JOB_STATUS.</exception>
    public async Task<JobRecord?> CancelAsync(Guid jobId, CancellationToken cancellationToken)
    {
        var job = await ChangeAsync(
            jobId, JobTransitions.Cancel, "A job that has ended cannot be cancelled.",
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
    public async Task<JobRecord?> RetryAsync(Guid jobId, CancellationToken cancellationToken)
    {
        if (await tracker.FindAsync(jobId, cancellationToken) is not { } job)
        {
            return null;
        }

        if (job.Status is not (JobStatus.Failed or JobStatus.Cancelled))
        {
            return await RetryAsync(job);
        }

        if (!storage.Exists(job.InputPath))
        {
            throw VideoGone(job);
        }

        using var reservation = quota.Reserve(job.JobId, job.Tenant, isNew: false);
        var retried = await RetryAsync(job);
        crashPoints.Pass(CrashPoint.JobRetried);
        return retried;

        Task<JobRecord?> RetryAsync(JobRecord found) => ChangeAsync(
            found.JobId, JobTransitions.Retry, "A completed job has its results; submit its video again.",
            [JobStatus.Failed, JobStatus.Cancelled, JobStatus.Pending, JobStatus.Running], cancellationToken);
    }

    private async Task<JobRecord?> ChangeAsync(
        Guid jobId, Func<JobRecord, DateTimeOffset, JobRecord> transition, string whatToDo,
        IReadOnlyList<JobStatus> allowed, CancellationToken cancellationToken)
    {
        JobRecord? seen = null;
        try
        {
            return await tracker.ChangeAsync(
                jobId,
                job =>
                {
                    seen = job;
                    return transition(job, time.GetUtcNow());
                },
                cancellationToken);
        }
        catch (TransitionRefusedException)
        {
            throw StatusErrors.WrongStatus(seen!, whatToDo, allowed);
        }
    }

    private static ServiceException VideoGone(JobRecord job) => new(
        ErrorReason.VideoGone,
        $"The video of job {job.JobId} is no longer stored, so the job cannot run again. Submit the video again.")
    {
        Metadata = new Dictionary<string, string> { ["jobId"] = job.JobId.ToString(), ["key"] = job.InputPath },
        Resource = ("foregsyte.v1.Job", job.JobId.ToString()),
    };
}

/// <summary>Errors of calls that the job's status does not allow.</summary>
internal static class StatusErrors
{
    /// <summary>WRONG_JOB_STATUS, with the job's status and the allowed ones.</summary>
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
