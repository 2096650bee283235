namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Ids of jobs that wait, by rank. A hint only: the database is the truth, and whoever takes an id still has to claim
/// the job. A lost or doubled id does no harm beyond that. All but <see cref="DequeueAsync"/> return at once: an
/// adapter whose queue is elsewhere hands over in the background.
/// </summary>
internal interface IJobQueue
{
    /// <summary>Ids that wait now.</summary>
    int Size { get; }

    /// <summary>
    /// Adds an id. One that waits already keeps its place, and false is returned.
    /// </summary>
    /// <param name="jobId">The job.</param>
    /// <param name="rank">Lower ranks are taken first; equal ones in the order of their ids.</param>
    bool Enqueue(Guid jobId, DateTimeOffset rank);

    /// <summary>Takes an id out wherever it is; false where it does not wait.</summary>
    bool Remove(Guid jobId);

    /// <summary>The place of an id, 1 for the one that is taken next; null where it does not wait.</summary>
    int? PositionOf(Guid jobId);

    /// <summary>Takes the id of the lowest rank, waiting for one where there is none.</summary>
    ValueTask<Guid> DequeueAsync(CancellationToken cancellationToken);
}
