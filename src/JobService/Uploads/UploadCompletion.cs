using ForegSyte.Hosting.Errors;

namespace ForegSyte.Jobs.Uploads;

/// <summary>An upload of which every byte is there, held for the one who completes it.</summary>
/// <param name="upload">The upload.</param>
/// <param name="path">The file of its bytes.</param>
/// <param name="remove">Removes it.</param>
internal sealed class UploadCompletion(OpenUpload upload, string path, Action remove) : IDisposable
{
    /// <summary>The file of its bytes; nobody writes to it any more.</summary>
    public string Path => path;

    /// <summary>Its size in bytes.</summary>
    public long SizeBytes => upload.Record.SizeBytes;

    /// <summary>The SHA-256 of its bytes as lower-case digits, most of which was hashed while they arrived.</summary>
    /// <exception cref="ServiceException">UPLOAD_CONTENT_MISMATCH: CreateUpload was told another one.</exception>
    public async Task<string> HashAsync(CancellationToken cancellationToken)
    {
        var actual = await upload.HashAsync(cancellationToken);
        return upload.Record.Sha256 is not { } expected || expected == actual
            ? actual
            : throw UploadErrors.ContentMismatch(upload.Record.UploadId, expected, actual);
    }

    /// <summary>The upload has become something else: removes it.</summary>
    public void Remove() => remove();

    /// <summary>Lets it go as it was, unless it was removed.</summary>
    public void Dispose() => upload.LetGo();
}
