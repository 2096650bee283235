namespace ForegSyte.Client.Uploads;

/// <summary>What is noted of an unfinished upload.</summary>
/// <param name="Server">Address of the server.</param>
/// <param name="Path">Absolute path of the file.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="ModifiedAt">When it was last written, UTC.</param>
/// <param name="Fingerprint">See <see cref="VideoFile.FingerprintAsync"/>.</param>
/// <param name="RequestId">
/// request_id of CreateUpload: noted before the call, so that its repetition by another process gives the same upload.
/// </param>
/// <param name="UploadId">Id of the upload; empty until the server has told it.</param>
internal sealed record UploadRecord(
    Uri Server, string Path, long SizeBytes, DateTime ModifiedAt, string Fingerprint, string RequestId, string UploadId)
{
    /// <summary>Whether it is of the same bytes: the file was not changed since.</summary>
    public bool IsOfSameFile(UploadRecord other) => this with
    {
        RequestId = other.RequestId,
        UploadId = other.UploadId,
    } == other;
}
