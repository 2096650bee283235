using System.Runtime.InteropServices;
using ForegSyte.Client.Uploads;
using ForegSyte.V1;

namespace ForegSyte.Client;

/// <content>Submits videos from memory and streams.</content>
public partial class ForegSyteClient
{
    private const int CopyBufferBytes = 81920;

    /// <summary>Submits a video in memory of any size, inside the message or as an upload.</summary>
    /// <param name="content">Bytes of an MP4; they must not change until the call returns.</param>
    /// <param name="options">Options of the submission. Transfer must not be Path.</param>
    /// <param name="callOptions">Options of each call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call; the job may be created anyway.</param>
    /// <returns>The job that the server stored; with <see cref="SubmitOptions.ValidateOnly"/>, as it would
    /// be.</returns>
    /// <exception cref="ArgumentException">The options contradict each other, or Transfer is Path.</exception>
    /// <exception cref="ForegSyteException">
    /// The server rejected the video, is full (QUEUE_FULL, STORAGE_FULL, TOO_MANY_UPLOADS), or was unavailable for too
    /// long. MESSAGE_TOO_LARGE if Transfer is Content and the video is larger than <see
    /// cref="ForegSyteClientOptions.MaxInlineBytes"/>; or, with ValidateOnly, if the video would need an upload.
    /// </exception>
    public virtual async Task<Job> SubmitVideoAsync(
        ReadOnlyMemory<byte> content,
        SubmitOptions options,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.ValidateWithoutPath();
        return await SubmitMemoryAsync(content, options, progress: null, callOptions, cancellationToken);
    }

    /// <summary>
    /// Submits a video of any size from a stream; reads it from its position to the end and does not close it. A video
    /// up to <see cref="ForegSyteClientOptions.MaxInlineBytes"/> goes inside the message, a larger one as an upload
    /// with constant memory. An upload needs the size first: a stream that cannot seek is copied to a temporary file
    /// (<see cref="UploadOptions.SpoolFolder"/>, <see cref="UploadOptions.MaxSpoolBytes"/>).
    /// </summary>
    /// <param name="content">Stream of an MP4. Nothing else may use it until the call returns.</param>
    /// <param name="options">Options of the submission. Transfer must not be Path.</param>
    /// <param name="progress">
    /// Receives the progress of an upload, one report at a time, on the thread that sent a part. Null for none.
    /// </param>
    /// <param name="callOptions">Options of each call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call; an unfinished upload is removed.</param>
    /// <returns>The job that the server stored; with <see cref="SubmitOptions.ValidateOnly"/>, as it would
    /// be.</returns>
    /// <exception cref="ArgumentException">The options contradict each other, or Transfer is Path.</exception>
    /// <exception cref="IOException">
    /// The stream cannot be read or changed during the upload, or the temporary file cannot be written or would exceed
    /// <see cref="UploadOptions.MaxSpoolBytes"/>.
    /// </exception>
    /// <inheritdoc cref="SubmitVideoAsync(ReadOnlyMemory{byte}, SubmitOptions, ForegSyteCallOptions,
    /// CancellationToken)" path="/exception[@cref='ForegSyteException']"/>
    public virtual async Task<Job> SubmitVideoAsync(
        Stream content,
        SubmitOptions options,
        IProgress<UploadProgress>? progress = null,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(options);
        options.ValidateWithoutPath();
        if (content.CanSeek && content.Length - content.Position > _options.MaxInlineBytes)
        {
            return options.Transfer == VideoTransfer.Content
                ? throw TooLarge(content.Length - content.Position, options)
                : await UploadAsync(
                    new VideoStream(content), stateFolder: null, options, progress, callOptions, cancellationToken);
        }

        using var head = new MemoryStream();
        await CopyAsync(content, head, _options.MaxInlineBytes + 1L, cancellationToken);
        var read = head.GetBuffer().AsMemory(0, (int)head.Length);
        if (read.Length <= _options.MaxInlineBytes)
        {
            return await SubmitMemoryAsync(read, options, progress, callOptions, cancellationToken);
        }

        if (options.Transfer == VideoTransfer.Content || options.ValidateOnly)
        {
            throw TooLarge(read.Length, options);
        }

        await using var spool = await StreamSpool.CopyAsync(read, content, _options.Uploads, cancellationToken);
        // The upload may take hours; the bytes are in the file now.
        head.SetLength(0);
        (head.Capacity, read) = (0, default);
        return await UploadAsync(
            new VideoStream(spool), stateFolder: null, options, progress, callOptions, cancellationToken);
    }

    private async Task<Job> SubmitMemoryAsync(
        ReadOnlyMemory<byte> content,
        SubmitOptions options,
        IProgress<UploadProgress>? progress,
        ForegSyteCallOptions? callOptions,
        CancellationToken cancellationToken)
    {
        if (options.Transfer == VideoTransfer.Content)
        {
            return await SubmitContentAsync(content, options, callOptions, cancellationToken);
        }

        if (options.Transfer != VideoTransfer.Upload
            && content.Length <= _options.MaxInlineBytes
            && await UnlessAsync(
                SubmitContentAsync(content, options, callOptions, cancellationToken), ErrorReason.MessageTooLarge)
                is { } inline)
        {
            return inline;
        }

        using var stream = MemoryMarshal.TryGetArray(content, out var bytes)
            ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false);
        return await UploadAsync(
            new VideoStream(stream), stateFolder: null, options, progress, callOptions, cancellationToken);
    }

    private static async Task CopyAsync(
        Stream from, MemoryStream to, long maxBytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[CopyBufferBytes];
        int read;
        while (to.Length < maxBytes
            && (read = await from.ReadAsync(
                buffer.AsMemory(0, (int)Math.Min(buffer.Length, maxBytes - to.Length)), cancellationToken)) > 0)
        {
            to.Write(buffer, 0, read);
        }
    }
}
