using System.Security.Cryptography;
using ForegSyte.Client.Uploads;
using ForegSyte.Protocol.Tracing;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;

namespace ForegSyte.Client;

/// <content>Submits videos.</content>
public sealed partial class ForegSyteClient
{
    private const int CopyBufferBytes = 81920;
    private const int UuidBytes = 16;

    /// <summary>
    /// Submits a local file. <see cref="SubmitOptions.Transfer"/> selects how: inside the message, by path, or as an
    /// upload. An upload that was interrupted, also by a crash of client or server, resumes when the same file is
    /// submitted to the same server again (<see cref="UploadOptions.StateFolder"/>).
    /// </summary>
    /// <param name="path">Path of an MP4.</param>
    /// <param name="options">Options of the submission.</param>
    /// <param name="cancellationToken">Cancels the call. The server keeps the uploaded parts for the next call.</param>
    /// <returns>The job that the server stored.</returns>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="IOException">The file cannot be read, or changed during the upload.</exception>
    /// <exception cref="ForegSyteException">
    /// The server rejected the video, is full (QUEUE_FULL, STORAGE_FULL, TOO_MANY_UPLOADS), or was unavailable for
    /// longer than <see cref="ForegSyteClientOptions.MaxOutage"/>.
    /// </exception>
    public Task<Job> SubmitFileAsync(
        string path, SubmitOptions options, CancellationToken cancellationToken = default) =>
        SubmitFileAsync(path, options, progress: null, cancellationToken);

    /// <inheritdoc cref="SubmitFileAsync(string, SubmitOptions, CancellationToken)"/>
    /// <param name="path">Path of an MP4.</param>
    /// <param name="options">Options of the submission.</param>
    /// <param name="progress">
    /// Receives the progress of an upload, one report at a time, on the thread that sent a part. Other transfers report
    /// nothing.
    /// </param>
    /// <param name="cancellationToken">Cancels the call. The server keeps the uploaded parts for the next call.</param>
    public async Task<Job> SubmitFileAsync(
        string path,
        SubmitOptions options,
        IProgress<UploadProgress>? progress,
        CancellationToken cancellationToken = default)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException($"The file {file.FullName} does not exist.", file.FullName);
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
    /// A file://, https:// or s3:// URI that the server allows. The call lasts until the server has fetched the video,
    /// at most <see cref="ForegSyteClientOptions.FetchDeadline"/>.
    /// </param>
    /// <param name="options">Options of the submission.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The job that the server stored.</returns>
    /// <exception cref="ForegSyteException">
    /// The server rejected the video, is full (QUEUE_FULL), or could not be reached.
    /// </exception>
    public Task<Job> SubmitVideoAsync(Uri uri, SubmitOptions options, CancellationToken cancellationToken = default)
    {
        var request = RequestFor(options);
        request.Uri = uri.AbsoluteUri;
        return SubmitAsync(request, options, cancellationToken);
    }

    /// <summary>Submits a video in memory.</summary>
    /// <param name="content">Bytes of an MP4; they must not change until the call returns.</param>
    /// <param name="options">Options of the submission.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The job that the server stored.</returns>
    /// <exception cref="ForegSyteException">
    /// The server rejected the video, is full (QUEUE_FULL), or could not be reached. MESSAGE_TOO_LARGE, before the
    /// client sends anything, if the video is larger than <see cref="ForegSyteClientOptions.MaxInlineBytes"/>.
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

    /// <summary>Submits a video from a stream; reads it to the end and does not close it.</summary>
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
            // Makes retries safe.
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

    /// <summary>
    /// Tries the transfers from the fastest to the slowest: a transfer that the server does not allow for this file is
    /// not an error, the next one follows.
    /// </summary>
    private async Task<Job> SubmitAutomaticallyAsync(
        FileInfo file,
        SubmitOptions options,
        IProgress<UploadProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (file.Length <= _options.MaxInlineBytes
            && await UnlessAsync(
                SubmitContentAsync(file, options, cancellationToken), ErrorReason.MessageTooLarge) is { } inline)
        {
            return inline;
        }

        if (_options.Addresses.All(address => address.IsLoopback)
            && await UnlessAsync(
                SubmitVideoAsync(new Uri(file.FullName), options, cancellationToken),
                ErrorReason.SourceNotAllowed,
                ErrorReason.SourceNotFound,
                ErrorReason.UnsupportedUri) is { } local)
        {
            return local;
        }

        return await UploadAsync(file, options, progress, cancellationToken);
    }

    /// <summary>Returns the job, or null if the server returned one of these reasons.</summary>
    private static async Task<Job?> UnlessAsync(Task<Job> submission, params ErrorReason[] reasons)
    {
        try
        {
            return await submission;
        }
        catch (ForegSyteException failure) when (reasons.Contains(failure.Reason))
        {
            return null;
        }
    }

    private async Task<Job> SubmitContentAsync(
        FileInfo file, SubmitOptions options, CancellationToken cancellationToken) =>
        file.Length > _options.MaxInlineBytes
            ? throw TooLarge(file.Length)
            : await SubmitVideoAsync(
                await File.ReadAllBytesAsync(file.FullName, cancellationToken), options, cancellationToken);

    private async Task<Job> UploadAsync(
        FileInfo info,
        SubmitOptions options,
        IProgress<UploadProgress>? progress,
        CancellationToken cancellationToken)
    {
        using var file = VideoFile.Open(info.FullName);
        // Both checks save hours of sending a video that the server must reject.
        await file.RequireMp4Async(cancellationToken);
        await RequirePipelineAsync(options.PipelineId, cancellationToken);
        using var checkpoint = UploadCheckpointFile.Open(
            _options.Uploads.StateFolder, Address, file.Path, _options.TimeProvider.GetUtcNow());
        var upload = new FileUpload(
            _uploadService,
            _calls,
            (uploadId, token) => SubmitUploadAsync(uploadId, options, token),
            CancelJobAsync,
            file,
            checkpoint,
            new UploadProgressTracker(file.SizeBytes, progress),
            _options);
        return await upload.RunAsync(cancellationToken);
    }

    private async Task RequirePipelineAsync(string pipelineId, CancellationToken cancellationToken)
    {
        var pipelines = await ListPipelinesAsync(cancellationToken);
        if (pipelines.All(pipeline => pipeline.Id != pipelineId))
        {
            var known = string.Join(", ", pipelines.Select(pipeline => pipeline.Id));
            throw new ForegSyteException(
                StatusCode.InvalidArgument, $"The pipeline '{pipelineId}' does not exist. Available: {known}.")
            {
                Reason = ErrorReason.UnknownPipeline,
                ReasonText = "UNKNOWN_PIPELINE",
            };
        }
    }

    private async Task<Job> SubmitUploadAsync(
        string uploadId, SubmitOptions options, CancellationToken cancellationToken)
    {
        var request = RequestFor(options);
        request.UploadId = uploadId;
        if (options.RequestId is null)
        {
            request.RequestId = "";
            request.RequestId = RequestIdOf(request);
        }

        var response = await _calls.RunAsync(
            _options.Uploads.CompletionDeadline,
            call => _service.SubmitVideoAsync(request, call),
            // UPLOAD_BUSY: an earlier attempt, perhaps of a killed process, is still completing the upload.
            failure => failure.Reason == ErrorReason.UploadBusy
                || (options.WaitWhileQueueFull && failure.Reason == ErrorReason.QueueFull),
            cancellationToken);
        return response.Job;
    }

    /// <summary>
    /// Derives the idempotency key of an upload's submission from the request: a UUID of version 4 (RFC 9562, 5.4) from
    /// its hash. So a process that was killed before it received its job gets the same job after a restart, without
    /// stored state.
    /// </summary>
    private static string RequestIdOf(SubmitVideoRequest request)
    {
        var bytes = SHA256.HashData(request.ToByteArray()).AsSpan(0, UuidBytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }

    private ForegSyteException TooLarge(long sizeBytes) =>
        new(StatusCode.ResourceExhausted, FormattableString.Invariant(
            $"The video has at least {sizeBytes} bytes; a message can hold {_options.MaxInlineBytes}. ")
            + "Write it to a file: SubmitFileAsync sends files of any size.")
        {
            Reason = ErrorReason.MessageTooLarge,
            ReasonText = "MESSAGE_TOO_LARGE",
        };
}
