using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Tracing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Returns running jobs with an expired lease to the queue, or fails them (<see cref="RetryPolicy.AfterLoss"/>). The
/// commit cancels what this process still runs for the job, and transitions refuse what it would store.
/// </summary>
internal sealed class JobRescuer(
    IJobStore store,
    JobTracker tracker,
    LocalAttempts attempts,
    IOptions<LeaseOptions> lease,
    IOptions<RetryOptions> retry,
    TimeProvider time,
    ILogger<JobRescuer> logger) : BackgroundService
{
    /// <summary>Maximum number of jobs of one search; the next one finds the others.</summary>
    private const int MaxJobs = 1_000;

    /// <summary>The failure of an attempt whose lease expired.</summary>
    public static readonly JobFailure Expired = new(
        ErrorReason.LeaseLost,
        "The lease was not renewed in time: the JobService was killed, suspended or overloaded, or could not write to "
        + "its database.");

    /// <summary>Rescues all jobs that need it now; returns how many. One that fails stays for the next call.</summary>
    public async Task<int> RescueAsync(CancellationToken cancellationToken)
    {
        var (rescued, failed) = (0, new List<Exception>());
        foreach (var jobId in await FindAsync(cancellationToken))
        {
            try
            {
                rescued += await RescueAsync(jobId, cancellationToken) ? 1 : 0;
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                // Another node can have locked this job; that keeps none of the others from their rescue.
                failed.Add(failure);
            }
        }

        if (failed.Count > 0)
        {
            logger.LogRetry(failed[^1], "{Count} jobs with an expired lease not rescued; retrying", failed.Count);
        }

        return rescued;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(lease.Value.RescueInterval, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                await RescueAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogRetry(exception, "Jobs with an expired lease not rescued; retrying");
            }
        }
    }

    private async Task<bool> RescueAsync(Guid jobId, CancellationToken cancellationToken)
    {
        // The store can call the transition again; its last call counts.
        var isExpired = false;
        var job = await tracker.ChangeAsync(
            jobId,
            (stored, now) =>
            {
                isExpired = JobTransitions.HasExpiredLease(stored, now) || IsTooLong(stored, now);
                return isExpired ? RetryPolicy.AfterLoss(stored, Expired, retry.Value, now) : stored;
            },
            cancellationToken);
        if (!isExpired || job is null)
        {
            return false;
        }

        logger.LogWarning("Lease of job {JobId} expired; job is now {Status}", jobId, JobStatusNames.Of(job.Status));
        return true;
    }

    private async Task<IReadOnlyList<Guid>> FindAsync(CancellationToken cancellationToken)
    {
        var expired = await store.ListExpiredAsync(MaxJobs, cancellationToken);
        var now = store.Now;
        return [.. expired.Union(tracker.Running.Where(job => IsTooLong(job, now)).Select(job => job.JobId))];
    }

    /// <summary>
    /// A lease further in the future than any this clock can grant dates from before the clock was set back. Without a
    /// local attempt, it would block the job for as long as the clock was wrong. A lease of another node can be longer,
    /// because its options can differ.
    /// </summary>
    private bool IsTooLong(JobRecord job, DateTimeOffset now) =>
        !store.IsShared
        && job is { Status: JobStatus.Running, Lease: { } held }
        && held.ExpiresAt > now + lease.Value.LeaseDuration
        && !attempts.Contains(job.JobId);
}

/// <summary>
/// Recovers the jobs of the previous run at start, if no other node shares the store. Running jobs are rescued: only
/// one process can open the database, so none of their dispatchers is alive. Pending jobs enter the queue, or the
/// schedule until their back-off is over.
/// </summary>
internal sealed class JobRecovery(
    IJobStore store, JobTracker tracker, PendingJobs pending, IOptions<RetryOptions> retry,
    ILogger<JobRecovery> logger)
{
    /// <summary>The failure of an attempt that a crash cut off.</summary>
    public static readonly JobFailure Interrupted =
        new(ErrorReason.LeaseLost, "The JobService ended during this attempt without returning the job to the queue.");

    /// <summary>Recovers all jobs. Call this once, before the service accepts calls or dispatches.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var rescued = 0;
        var unfinished = await store.ListUnfinishedAsync(cancellationToken);
        foreach (var job in unfinished)
        {
            if (job.Status == JobStatus.Pending)
            {
                pending.Restore(job);
                continue;
            }

            // The commit queues the job.
            var changed = await tracker.ChangeAsync(
                job.JobId,
                (stored, now) => RetryPolicy.AfterLoss(stored, Interrupted, retry.Value, now),
                cancellationToken);
            JobTraces.ShowLostAttempt(changed!);
            rescued++;
        }

        if (unfinished.Count > 0)
        {
            logger.LogInformation(
                "Recovered {Count} unfinished jobs, {Rescued} of which were running", unfinished.Count, rescued);
        }
    }
}
