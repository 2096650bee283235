using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>
/// What callers may do with a job that was accepted. The commit does the rest: it takes the job out of the queue or
/// puts it there, and stops what runs for it.
/// </summary>
internal sealed class JobControl(
    JobTracker board, IStorage storage, PendingJobQuota places, CrashPoints crashPoints, TimeProvider time)
{
    /// <summary>Cancels a job; one that is cancelled already is returned as it is. Null where there is none.</summary>
    /// <exception cref="ServiceException">WRONG_JOB_STATUS.</exception>
    public async Task<JobRecord?> CancelAsync(Guid jobId, CancellationToken cancellationToken)
    {
        var job = await ChangeAsync(
            jobId, JobTransitions.Cancel, "What has ended cannot be cancelled.",
            [JobStatus.Pending, JobStatus.Running, JobStatus.Cancelled], cancellationToken);
        crashPoints.Pass(CrashPoint.JobCancelled);
        return job;
    }

    /// <summary>
    /// Puts a failed or cancelled job back to the queue; a pending or running one is returned as it is. Null where
    /// there is none.
    /// </summary>
    /// <exception cref="ServiceException">WRONG_JOB_STATUS, VIDEO_GONE, QUEUE_FULL or
    /// TENANT_QUOTA_EXCEEDED.</exception>
    public async Task<JobRecord?> RetryAsync(Guid jobId, CancellationToken cancellationToken)
    {
        if (await board.FindAsync(jobId, cancellationToken) is not { } job)
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

        using var place = places.Take(job);
        var retried = await RetryAsync(job);
        crashPoints.Pass(CrashPoint.JobRetried);
        return retried;

        Task<JobRecord?> RetryAsync(JobRecord found) => ChangeAsync(
            found.JobId, JobTransitions.Retry, "A completed job has its results; submit its video anew.",
            [JobStatus.Failed, JobStatus.Cancelled, JobStatus.Pending, JobStatus.Running], cancellationToken);
    }

    private async Task<JobRecord?> ChangeAsync(
        Guid jobId, Func<JobRecord, DateTimeOffset, JobRecord> transition, string whatToDo,
        IReadOnlyList<JobStatus> allowed, CancellationToken cancellationToken)
    {
        JobRecord? seen = null;
        try
        {
            return await board.ChangeAsync(
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
        $"The video of job {job.JobId} is gone from the storage, so that it cannot run again. Submit the video again.")
    {
        Metadata = new Dictionary<string, string> { ["jobId"] = job.JobId.ToString(), ["key"] = job.InputPath },
        Resource = ("foregsyte.v1.Job", job.JobId.ToString()),
    };
}
