using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Retention;

/// <summary>
/// Removes the segments of completed jobs that a crash left between the completion and their removal. Segments of other
/// jobs stay: the next attempt, or RetryJob, goes on from them.
/// </summary>
internal sealed class SegmentSweep(IJobStore store, IStorage storage, ILogger<SegmentSweep> logger)
{
    /// <summary>Looks through the storage once. Completed jobs stay completed, so jobs may run meanwhile.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var removed = 0;
        foreach (var keys in storage.ListKeys().Where(ArtifactKeys.IsInterim).GroupBy(ArtifactKeys.JobOf).ToList())
        {
            if (await store.FindAsync(keys.Key!.Value, cancellationToken) is { Status: JobStatus.Completed })
            {
                removed += keys.Count(storage.Delete);
            }
        }

        if (removed > 0)
        {
            logger.LogInformation("Removed {Count} segments of jobs that are completed", removed);
        }
    }
}
