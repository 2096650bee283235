namespace ForegSyte.Jobs.Tests;

/// <summary>Changes of jobs with transitions that do not need the time by the store's clock.</summary>
internal static class StoreChanges
{
    public static Task<JobRecord?> UpdateAsync(
        this IJobStore store, Guid jobId, Func<JobRecord, JobRecord> transition, CancellationToken cancellationToken) =>
        store.UpdateAsync(jobId, (job, _) => transition(job), cancellationToken);

    public static Task<JobRecord?> ChangeAsync(
        this JobTracker tracker, Guid jobId, Func<JobRecord, JobRecord> transition,
        CancellationToken cancellationToken) =>
        tracker.ChangeAsync(jobId, (job, _) => transition(job), cancellationToken);
}
