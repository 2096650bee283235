namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Ids of jobs that wait, first in, first out. A hint only: the database is the truth, and whoever takes an id still
/// has to claim the job. A lost or doubled id does no harm beyond that.
/// </summary>
internal interface IJobQueue
{
    /// <summary>Ids that wait now.</summary>
    int Size { get; }

    /// <summary>Adds an id at the end. One that waits already is not added again.</summary>
    ValueTask EnqueueAsync(Guid jobId, CancellationToken cancellationToken);

    /// <summary>Takes the id at the front, waiting for one where there is none.</summary>
    ValueTask<Guid> DequeueAsync(CancellationToken cancellationToken);
}
