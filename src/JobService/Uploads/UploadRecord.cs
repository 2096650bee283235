namespace ForegSyte.Jobs.Uploads;

/// <summary>What CreateUpload was told. Never changes.</summary>
/// <param name="UploadId">Id that the server made.</param>
/// <param name="SizeBytes">Size of the whole video.</param>
/// <param name="Sha256">SHA-256 of the whole video, 64 lower-case hexadecimal digits; null for none.</param>
/// <param name="RequestId">The caller's request_id; null where none was given.</param>
/// <param name="CreatedAt">When.</param>
internal sealed record UploadRecord(
    Guid UploadId, long SizeBytes, string? Sha256, Guid? RequestId, DateTimeOffset CreatedAt);
