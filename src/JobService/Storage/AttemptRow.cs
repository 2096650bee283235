namespace ForegSyte.Jobs.Storage;

/// <summary>A row of attempts.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Attempt">The attempt.</param>
internal readonly record struct AttemptRow(Guid JobId, AttemptRecord Attempt);
