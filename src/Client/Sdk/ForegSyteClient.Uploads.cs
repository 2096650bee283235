using ForegSyte.Protocol.Checksums;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Client;

/// <content>
/// The single steps of an upload, for programs that get the parts of a video from elsewhere. SubmitFileAsync and
/// SubmitVideoAsync do all of them, in parallel and with resumption.
/// </content>
public partial class ForegSyteClient
{
    /// <summary>Creates an upload, to which <see cref="UploadPartAsync"/> sends the video.</summary>
    /// <remarks>Retried while the server is UNAVAILABLE.</remarks>
    /// <param name="sizeBytes">Size of the whole video in bytes. Greater than 0.</param>
    /// <param name="sha256">
    /// SHA-256 of the whole video, 64 hexadecimal digits, which the submission then verifies; empty for none.
    /// </param>
    /// <param name="requestId">
    /// Idempotency key, a UUID of version 4: a second call with the same key and the same arguments returns the same
    /// upload. Null means a new key, which makes the client's own retries safe.
    /// </param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call; the upload may be created anyway.</param>
    /// <returns>The empty upload, with the maximum size of a part.</returns>
    /// <exception cref="ForegSyteException">
    /// INVALID_FIELD, EMPTY_VIDEO, VIDEO_LIMIT_EXCEEDED, REQUEST_ID_CONFLICT, STORAGE_FULL, TOO_MANY_UPLOADS, or the
    /// server could not be reached.
    /// </exception>
    public virtual async Task<Upload> CreateUploadAsync(
        long sizeBytes,
        string sha256 = "",
        string? requestId = null,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sha256);
        var request = new CreateUploadRequest
        {
            SizeBytes = sizeBytes,
            Sha256 = sha256,
            RequestId = requestId ?? Guid.NewGuid().ToString(),
        };
        var response = await CallsWith(callOptions).RunAsync(
            _options.ControlDeadline, call => _uploadService.CreateUploadAsync(request, call), cancellationToken);
        return response.Upload;
    }

    /// <summary>
    /// Sends a part of an upload, with its CRC-32C. Parts can come in any order and in parallel; a part can be sent
    /// again.
    /// </summary>
    /// <remarks>Retried while the server is UNAVAILABLE.</remarks>
    /// <param name="uploadId">Id of the upload, a UUID.</param>
    /// <param name="offset">Offset of the part in the video in bytes. Not negative.</param>
    /// <param name="data">
    /// The bytes: at least one, at most <see cref="Upload.MaxPartBytes"/>. They must not change until the call returns.
    /// </param>
    /// <param name="callOptions">
    /// Options of the call; null means those of the client, with the deadline <see cref="UploadOptions.PartDeadline"/>.
    /// </param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>Number of bytes of the upload that the server has.</returns>
    /// <exception cref="ForegSyteException">
    /// INVALID_FIELD, PART_CHECKSUM_MISMATCH (changed on the way: send it again), UPLOAD_NOT_FOUND, UPLOAD_BUSY,
    /// MESSAGE_TOO_LARGE, STORAGE_FULL, or the server could not be reached.
    /// </exception>
    public virtual async Task<long> UploadPartAsync(
        string uploadId,
        long offset,
        ReadOnlyMemory<byte> data,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(uploadId);
        var request = new UploadPartRequest
        {
            UploadId = uploadId,
            Offset = offset,
            Data = UnsafeByteOperations.UnsafeWrap(data),
            Crc32C = Crc32C.Of(data.Span),
        };
        var response = await CallsWith(callOptions).RunAsync(
            _options.Uploads.PartDeadline, call => _uploadService.UploadPartAsync(request, call), cancellationToken);
        return response.ReceivedBytes;
    }

    /// <summary>Reads an upload, with the ranges of bytes that the server has.</summary>
    /// <param name="uploadId">Id of the upload, a UUID.</param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">
    /// UPLOAD_NOT_FOUND, INVALID_FIELD, or the server could not be reached.
    /// </exception>
    public virtual async Task<Upload> GetUploadAsync(
        string uploadId, ForegSyteCallOptions? callOptions = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(uploadId);
        var request = new GetUploadRequest { UploadId = uploadId };
        var response = await CallsWith(callOptions).RunAsync(
            _options.ReadDeadline, call => _uploadService.GetUploadAsync(request, call), cancellationToken);
        return response.Upload;
    }

    /// <summary>Deletes an upload and its bytes.</summary>
    /// <remarks>
    /// Retried while the server is UNAVAILABLE. UPLOAD_NOT_FOUND on a retry counts as success, because an earlier
    /// attempt may have deleted the upload.
    /// </remarks>
    /// <param name="uploadId">Id of the upload, a UUID.</param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call; the upload may be deleted anyway.</param>
    /// <exception cref="ForegSyteException">
    /// UPLOAD_NOT_FOUND, UPLOAD_BUSY (another call is completing it), INVALID_FIELD, or the server could not be
    /// reached.
    /// </exception>
    public virtual Task AbortUploadAsync(
        string uploadId, ForegSyteCallOptions? callOptions = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(uploadId);
        var request = new AbortUploadRequest { UploadId = uploadId };
        return RemoveAsync(
            call => _uploadService.AbortUploadAsync(request, call),
            ErrorReason.UploadNotFound,
            callOptions,
            cancellationToken);
    }

    /// <summary>
    /// Submits a complete upload. The server checks the video, creates the job and removes the upload; if that fails,
    /// the upload is unchanged.
    /// </summary>
    /// <remarks>
    /// Retried while the server is UNAVAILABLE or another call is completing the upload (UPLOAD_BUSY). Without <see
    /// cref="SubmitOptions.RequestId"/>, a second call with the same options returns the same job, also from another
    /// process.
    /// </remarks>
    /// <param name="uploadId">Id of the upload, a UUID.</param>
    /// <param name="options">Options of the submission.</param>
    /// <param name="callOptions">
    /// Options of the call; null means those of the client, with <see cref="UploadOptions.CompletionDeadline"/>.
    /// </param>
    /// <param name="cancellationToken">Cancels the call; the job may be created anyway.</param>
    /// <returns>The job that the server stored.</returns>
    /// <exception cref="ForegSyteException">
    /// The server rejected the video, UPLOAD_NOT_FOUND, UPLOAD_INCOMPLETE, UPLOAD_CONTENT_MISMATCH, is full
    /// (QUEUE_FULL, STORAGE_FULL), or could not be reached.
    /// </exception>
    public virtual Task<Job> SubmitUploadAsync(
        string uploadId,
        SubmitOptions options,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(uploadId);
        ArgumentNullException.ThrowIfNull(options);
        var request = RequestFor(options);
        request.UploadId = uploadId;
        if (options.RequestId is null)
        {
            request.RequestId = "";
            request.RequestId = RequestIdOf(request);
        }

        return SubmitAsync(request, options, callOptions, cancellationToken);
    }
}
