namespace ForegSyte.Jobs;

/// <summary>One execution of a job.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="StartedAt">When a dispatcher claimed the job.</param>
/// <param name="EndedAt">When the attempt ended; null while it runs.</param>
/// <param name="Failure">Why it did not complete the job; null where it did, or while it runs.</param>
internal sealed record AttemptRecord(
    int Number, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, JobFailure? Failure);
