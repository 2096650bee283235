namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Ids of queued jobs, ordered by rank. The queue is only a hint and the database is the truth: the worker
/// that takes an id must still claim the job, so a lost or duplicate id does no harm. All methods except
/// <see cref="DequeueAsync"/> return at once; an adapter for a remote queue transfers ids in the background.
/// </summary>
internal interface IJobQueue
{
    /// <summary>Number of queued ids.</summary>
    int Size { get; }

    /// <summary>Adds an id. Returns false and keeps the old rank if the id is already queued.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="rank">Lower ranks are dequeued first; equal ranks in order of their ids.</param>
    bool Enqueue(Guid jobId, DateTimeOffset rank);

    /// <summary>Removes an id at any position; false if it is not queued.</summary>
    bool Remove(Guid jobId);

    /// <summary>The position of an id, 1 for the next one; null if it is not queued.</summary>
    int? PositionOf(Guid jobId);

    /// <summary>Removes the id with the lowest rank; waits if the queue is empty.</summary>
    ValueTask<Guid> DequeueAsync(CancellationToken cancellationToken);
}
