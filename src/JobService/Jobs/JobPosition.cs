namespace ForegSyte.Jobs;

/// <summary>A place in the order of jobs: newest first, and among those of the same instant by falling id.</summary>
/// <param name="CreatedAt">When the job was accepted, to the microsecond.</param>
/// <param name="JobId">Id of the job.</param>
internal sealed record JobPosition(DateTimeOffset CreatedAt, Guid JobId);
