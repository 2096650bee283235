using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// What a start does with the jobs of the run before: those that were running go back to pending, since only one process
/// can hold the database and so none of their dispatchers lives; all pending ones are queued, oldest first.
/// </summary>
internal sealed class JobRecovery(
    IJobStore store, JobBoard board, IJobQueue queue, TimeProvider time, ILogger<JobRecovery> logger)
{
    /// <summary>Why an attempt ended that a crash cut off.</summary>
    public static readonly JobFailure Interrupted =
        new(ErrorReason.LeaseLost, "The JobService ended during this attempt without handing the job back.");

    /// <summary>Rescues and queues; to be called once, before the dispatcher starts.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var rescued = 0;
        var unfinished = await store.ListUnfinishedAsync(cancellationToken);
        foreach (var jobId in unfinished)
        {
            await board.ChangeAsync(
                jobId,
                job =>
                {
                    if (job.Status != JobStatus.Running)
                    {
                        return job;
                    }

                    rescued++;
                    return JobTransitions.Rescue(job, Interrupted, time.GetUtcNow());
                },
                cancellationToken);
            await queue.EnqueueAsync(jobId, cancellationToken);
        }

        if (unfinished.Count > 0)
        {
            logger.LogInformation("{Count} jobs go on, {Rescued} of them were interrupted", unfinished.Count, rescued);
        }
    }
}
