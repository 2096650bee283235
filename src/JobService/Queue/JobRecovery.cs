using ForegSyte.Jobs.Tracing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// What a start does with the jobs of the run before: those that were running go back to pending, since only one
/// process can hold the database and so none of their dispatchers lives; all pending ones are queued, or scheduled
/// where their next attempt may not begin yet.
/// </summary>
internal sealed class JobRecovery(
    IJobStore store, JobTracker board, PendingJobs pending, TenantJobs tenants, IOptions<RetryOptions> retry,
    TimeProvider time, ILogger<JobRecovery> logger)
{
    /// <summary>Why an attempt ended that a crash cut off.</summary>
    public static readonly JobFailure Interrupted =
        new(ErrorReason.LeaseLost, "The JobService ended during this attempt without handing the job back.");

    /// <summary>Rescues and queues; to be called once, before anything is served or dispatched.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await tenants.LoadAsync(cancellationToken);
        var rescued = 0;
        var unfinished = await store.ListUnfinishedAsync(cancellationToken);
        foreach (var job in unfinished)
        {
            if (job.Status == JobStatus.Pending)
            {
                pending.Restore(job);
                continue;
            }

            // The commit queues it.
            var changed = await board.ChangeAsync(
                job.JobId,
                stored => RetryPolicy.AfterLoss(stored, Interrupted, retry.Value, time.GetUtcNow()),
                cancellationToken);
            JobTraces.ShowLostAttempt(changed!);
            rescued++;
        }

        if (unfinished.Count > 0)
        {
            logger.LogInformation("{Count} jobs go on, {Rescued} of them were interrupted", unfinished.Count, rescued);
        }
    }
}
