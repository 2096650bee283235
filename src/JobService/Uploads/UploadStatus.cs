namespace ForegSyte.Jobs.Uploads;

/// <summary>What is there of an upload at one moment.</summary>
/// <param name="Record">What CreateUpload was told.</param>
/// <param name="ReceivedBytes">Bytes that are there.</param>
/// <param name="Extents">Where they are: ascending, disjoint, never touching.</param>
/// <param name="ExpiresAt">When it is removed unless another part arrives.</param>
internal sealed record UploadStatus(
    UploadRecord Record, long ReceivedBytes, IReadOnlyList<Extent> Extents, DateTimeOffset ExpiresAt);
