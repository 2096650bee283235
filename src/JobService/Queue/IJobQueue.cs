using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Ids of queued jobs, ordered by rank. The queue is only a hint and the database is the truth: whoever takes an id
/// must still claim the job, so a lost or duplicate id does no harm. All methods except <see cref="DequeueAsync"/>
/// return at once; an adapter for a remote queue transfers ids in the background.
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

/// <summary>
/// Ranks jobs in the queue. The priority of a job rises by 1 for each <see cref="QueueOptions.AgeingStep"/> waited. All
/// jobs age at the same rate, so two jobs never change their order, and a rank computed once stays valid.
/// </summary>
internal static class QueueRank
{
    /// <summary>The queue time at which a job of priority 0 would be equally urgent.</summary>
    public static DateTimeOffset Of(JobRecord job, TimeSpan ageingStep) => job.QueuedAt - (job.Priority * ageingStep);
}

/// <summary>The order of the queue. Section "Queue".</summary>
internal sealed class QueueOptions
{
    public const string Section = "Queue";

    /// <summary>Waiting time that counts as one level of priority, so that no job waits forever.</summary>
    /// <value>1 s to 1 day; 1 minute by default.</value>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan AgeingStep { get; set; } = TimeSpan.FromMinutes(1);
}
