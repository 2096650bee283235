namespace ForegSyte.Jobs;

/// <summary>A change of a job that is durable.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Before">The record before it; null where the job is new.</param>
/// <param name="After">The record after it; null where the job was deleted.</param>
internal sealed record JobCommit(Guid JobId, JobRecord? Before, JobRecord? After);
