using ForegSyte.Protocol.Tracing;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;

namespace ForegSyte.Client;

/// <content>How videos are submitted.</content>
public sealed partial class ForegSyteClient
{
    private const int CopyBufferBytes = 81920;

    /// <summary>
    /// Submits a file of this machine, the way that <see cref="SubmitOptions.Transfer"/> says: inside the message, by
    /// its path, or as an upload. An upload that was interrupted, by a crash of either side too, goes on where it was
    /// when the same file is submitted to the same server again (<see cref="UploadOptions.StateFolder"/>).
    /// </summary>
    /// <param name="path">Path of an MP4.</param>
    /// <param name="options">What to do with it.</param>
    /// <param name="cancellationToken">Ends the call; what was uploaded stays, for the next one.</param>
    /// <returns>The job, as the server stored it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IOException">It cannot be read, or was changed while it was uploaded.</exception>
    /// <exception cref="ForegSyteException">
    /// The server refused the video, is full (QUEUE_FULL, STORAGE_FULL, TOO_MANY_UPLOADS) or was away for longer than
    /// <see cref="ForegSyteClientOptions.MaxOutage"/>.
    /// </exception>
    public Task<Job> SubmitFileAsync(
        string path, SubmitOptions options, CancellationToken cancellationToken = default) =>
        SubmitFileAsync(path, options, progress: null, cancellationToken);

    /// <inheritdoc cref="SubmitFileAsync(string, SubmitOptions, CancellationToken)"/>
    /// <param name="path">Path of an MP4.</param>
    /// <param name="options">What to do with it.</param>
    /// <param name="progress">
    /// Is told how far an upload is, one report after the other, on the thread that has sent a part; nothing where the
    /// file goes another way.
    /// </param>
    /// <param name="cancellationToken">Ends the call; what was uploaded stays, for the next one.</param>
    public async Task<Job> SubmitFileAsync(
        string path,
        SubmitOptions options,
        IProgress<UploadProgress>? progress,
        CancellationToken cancellationToken = default)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException($"There is no file {file.FullName}.", file.FullName);
        }

        options = options with { DisplayName = options.DisplayName ?? file.Name };
        using var span = ForegSyteTraces.Source.StartActivity(ForegSyteTraces.SubmitFile);
        var job = options.Transfer switch
        {
            VideoTransfer.Content => await SubmitContentAsync(file, options, cancellationToken),
            VideoTransfer.Path => await SubmitVideoAsync(new Uri(file.FullName), options, cancellationToken),
            VideoTransfer.Upload => await UploadAsync(file, options, progress, cancellationToken),
            _ => await SubmitAutomaticallyAsync(file, options, progress, cancellationToken),
        };
        span?.SetTag(TraceAttributes.JobId, job.JobId);
        return job;
    }

    /// <summary>Submits a video that the server reads itself.</summary>
    /// <param name="uri">
    /// A file://, https:// or s3:// URI that the server allows. The call takes as long as the server fetches, at most
    /// <see cref="ForegSyteClientOptions.FetchDeadline"/>.
    /// </param>
    /// <param name="options">What to do with it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The job, as the server stored it.</returns>
    /// <exception cref="ForegSyteException">
    /// The server refused the video, is full (QUEUE_FULL) or was not reached.
    /// </exception>
    public Task<Job> SubmitVideoAsync(Uri uri, SubmitOptions options, CancellationToken cancellationToken = default)
    {
        var request = RequestFor(options);
        request.Uri = uri.AbsoluteUri;
        return SubmitAsync(request, options, cancellationToken);
    }

    /// <summary>Submits a video that is in memory.</summary>
    /// <param name="content">The bytes of an MP4; they must not change until the call has returned.</param>
    /// <param name="options">What to do with it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The job, as the server stored it.</returns>
    /// <exception cref="ForegSyteException">
    /// The server refused the video, is full (QUEUE_FULL) or was not reached; MESSAGE_TOO_LARGE, before anything is
    /// sent, where it is larger than <see cref="ForegSyteClientOptions.MaxInlineBytes"/>.
    /// </exception>
    public Task<Job> SubmitVideoAsync(
        ReadOnlyMemory<byte> content, SubmitOptions options, CancellationToken cancellationToken = default)
    {
        if (content.Length > _options.MaxInlineBytes)
        {
            throw TooLarge(content.Length);
        }

        var request = RequestFor(options);
        request.Content = UnsafeByteOperations.UnsafeWrap(content);
        return SubmitAsync(request, options, cancellationToken);
    }

    /// <summary>Submits a video from a stream, which is read to its end but not closed.</summary>
    /// <inheritdoc cref="SubmitVideoAsync(ReadOnlyMemory{byte}, SubmitOptions, CancellationToken)"/>
    public async Task<Job> SubmitVideoAsync(
        Stream content, SubmitOptions options, CancellationToken cancellationToken = default)
    {
        using var copy = new MemoryStream();
        var buffer = new byte[CopyBufferBytes];
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (copy.Length + read > _options.MaxInlineBytes)
            {
                throw TooLarge(copy.Length + read);
            }

            copy.Write(buffer, 0, read);
        }

        return await SubmitVideoAsync(copy.GetBuffer().AsMemory(0, (int)copy.Length), options, cancellationToken);
    }

    private static SubmitVideoRequest RequestFor(SubmitOptions options)
    {
        var request = new SubmitVideoRequest
        {
            PipelineId = options.PipelineId,
            Options = new JobOptions { FrameStride = options.FrameStride, MaxFrames = options.MaxFrames },
            DisplayName = options.DisplayName ?? "",
            // Always one, since it is what makes the call safe to repeat.
            RequestId = options.RequestId ?? Guid.NewGuid().ToString(),
        };
        if (options.Priority is { } priority)
        {
            request.Priority = priority;
        }

        return request;
    }

    private async Task<Job> SubmitAsync(
        SubmitVideoRequest request, SubmitOptions options, CancellationToken cancellationToken)
    {
        var response = await _calls.RunAsync(
            request.HasUri ? _options.FetchDeadline : _options.SubmitDeadline,
            call => _service.SubmitVideoAsync(request, call),
            failure => options.WaitWhileQueueFull && failure.Reason == ErrorReason.QueueFull,
            cancellationToken);
        return response.Job;
    }

    private ForegSyteException TooLarge(long sizeBytes) =>
        new(StatusCode.ResourceExhausted, FormattableString.Invariant(
            $"The video has {sizeBytes} bytes or more; {_options.MaxInlineBytes} at most go in a message. ")
            + "Write it to a file: SubmitFileAsync sends files of any size.")
        {
            Reason = ErrorReason.MessageTooLarge,
            ReasonText = "MESSAGE_TOO_LARGE",
        };
}
