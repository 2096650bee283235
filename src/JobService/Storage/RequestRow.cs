namespace ForegSyte.Jobs.Storage;

/// <summary>A row of request_ids.</summary>
/// <param name="RequestId">The caller's id.</param>
/// <param name="JobId">The job that was stored with it.</param>
/// <param name="CreatedAt">When the job was accepted.</param>
internal readonly record struct RequestRow(Guid RequestId, Guid JobId, DateTimeOffset CreatedAt);
