using ForegSyte.Jobs.Tenants;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Ids of queued jobs: tenants in turn by <see cref="TenantTurns"/>, the jobs of a tenant by rank. The queue is only a
/// hint and the database is the truth: whoever takes an id must still claim the job, so a lost or duplicate id does no
/// harm. All methods except <see cref="DequeueAsync"/> return at once.
/// </summary>
internal interface IJobQueue
{
    /// <summary>Number of queued ids.</summary>
    int Size { get; }

    /// <summary>Adds an id. Returns false and keeps the old rank if the id is already queued.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="tenant">Tenant of the job.</param>
    /// <param name="rank">Lower ranks of a tenant are dequeued first; equal ranks in order of their ids.</param>
    bool Enqueue(Guid jobId, string tenant, DateTimeOffset rank);

    /// <summary>Removes an id at any position; false if it is not queued.</summary>
    bool Remove(Guid jobId);

    /// <summary>The position of an id among those of its tenant, from 1; null if it is not queued.</summary>
    int? PositionOf(Guid jobId);

    /// <summary>
    /// Removes the id whose turn it is; waits while the queue is empty or no place is free for any of its tenants.
    /// </summary>
    ValueTask<QueuePlace> DequeueAsync(CancellationToken cancellationToken);
}

/// <summary>A dequeued id, which holds a place of its tenant until it is disposed.</summary>
/// <param name="jobId">The job.</param>
/// <param name="free">Frees the place.</param>
internal sealed class QueuePlace(Guid jobId, Action free) : IDisposable
{
    private Action? _free = free;

    public Guid JobId { get; } = jobId;

    /// <inheritdoc />
    public void Dispose() => Interlocked.Exchange(ref _free, null)?.Invoke();
}
