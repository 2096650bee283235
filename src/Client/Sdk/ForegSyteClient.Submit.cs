using System.Security.Cryptography;
using ForegSyte.Client.Uploads;
using ForegSyte.Protocol.Tracing;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Client;

/// <content>Submits videos.</content>
public partial class ForegSyteClient
{
    private const int UuidBytes = 16;

    /// <summary>
    /// Submits a local file of any size. <see cref="SubmitOptions.Transfer"/> selects how: inside the message, by path,
    /// or as an upload. An upload that was interrupted, also by a crash of client or server, resumes when the same file
    /// is submitted to the same server again (<see cref="UploadOptions.StateFolder"/>).
    /// </summary>
    /// <param name="path">Path of an MP4.</param>
    /// <param name="options">Options of the submission.</param>
    /// <param name="progress">
    /// Receives the progress of an upload, one report at a time, on the thread that sent a part. Other transfers report
    /// nothing. Null for none.
    /// </param>
    /// <param name="callOptions">Options of each call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call. The server keeps the uploaded parts for the next call.</param>
    /// <returns>The job that the server stored; with <see cref="SubmitOptions.ValidateOnly"/>, as it would
    /// be.</returns>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="IOException">The file cannot be read, or changed during the upload.</exception>
    /// <exception cref="ForegSyteException">
    /// The server rejected the video, is full (QUEUE_FULL, STORAGE_FULL, TOO_MANY_UPLOADS), or was unavailable for
    /// longer than <see cref="ForegSyteClientOptions.MaxOutage"/>. MESSAGE_TOO_LARGE if Transfer is Content and the
    /// video is larger than <see cref="ForegSyteClientOptions.MaxInlineBytes"/>; or, with ValidateOnly, if the video
    /// would need an upload.
    /// </exception>
    public virtual async Task<Job> SubmitFileAsync(
        string path,
        SubmitOptions options,
        IProgress<UploadProgress>? progress = null,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException($"The file {file.FullName} does not exist.", file.FullName);
        }

        options = options with { DisplayName = options.DisplayName ?? FileDisplayName.Of(file.Name) };
        using var span = ForegSyteTraces.Source.StartActivity(ForegSyteTraces.SubmitFile);
        var job = options.Transfer switch
        {
            VideoTransfer.Content => await SubmitContentAsync(file, options, callOptions, cancellationToken),
            VideoTransfer.Path => await SubmitVideoAsync(
                new Uri(file.FullName), options, callOptions, cancellationToken),
            VideoTransfer.Upload => await UploadAsync(file, options, progress, callOptions, cancellationToken),
            _ => await SubmitAutomaticallyAsync(file, options, progress, callOptions, cancellationToken),
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
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call; the job may be created anyway.</param>
    /// <returns>The job that the server stored; with <see cref="SubmitOptions.ValidateOnly"/>, as it would
    /// be.</returns>
    /// <exception cref="ArgumentException">The URI is relative.</exception>
    /// <exception cref="ForegSyteException">
    /// The server rejected the video, is full (QUEUE_FULL, STORAGE_FULL), or could not be reached.
    /// </exception>
    public virtual Task<Job> SubmitVideoAsync(
        Uri uri,
        SubmitOptions options,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(uri);
        ArgumentNullException.ThrowIfNull(options);
        if (!uri.IsAbsoluteUri)
        {
            throw new ArgumentException(
                $"The URI '{uri}' is relative; use an absolute file://, https:// or s3:// URI. "
                + $"{nameof(SubmitFileAsync)} takes the path of a local file.",
                nameof(uri));
        }

        var request = RequestFor(options);
        request.Uri = uri.AbsoluteUri;
        return SubmitAsync(request, options, callOptions, cancellationToken);
    }

    /// <summary>
    /// Submits the video of another job again, for example with another pipeline, without sending it. The new job has
    /// the video for itself: deleting one job leaves the other.
    /// </summary>
    /// <param name="sourceJobId">Id of the job that has the video, a UUID.</param>
    /// <param name="options">Options of the submission. Transfer is ignored.</param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call; the job may be created anyway.</param>
    /// <returns>The job that the server stored; with <see cref="SubmitOptions.ValidateOnly"/>, as it would
    /// be.</returns>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, VIDEO_GONE, UNKNOWN_PIPELINE, INVALID_FIELD, the server is full (QUEUE_FULL, STORAGE_FULL), or
    /// could not be reached.
    /// </exception>
    public virtual Task<Job> SubmitFromJobAsync(
        string sourceJobId,
        SubmitOptions options,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sourceJobId);
        ArgumentNullException.ThrowIfNull(options);
        var request = RequestFor(options);
        request.SourceJobId = sourceJobId;
        return SubmitAsync(request, options, callOptions, cancellationToken);
    }

    private static SubmitVideoRequest RequestFor(SubmitOptions options)
    {
        var request = new SubmitVideoRequest
        {
            PipelineId = options.PipelineId,
            Options = options.ToJobOptions(),
            DisplayName = options.DisplayName ?? "",
            // Makes retries safe.
            RequestId = options.RequestId ?? Guid.NewGuid().ToString(),
            Tags = { options.Tags.ToDictionary() },
            ValidateOnly = options.ValidateOnly,
            ReuseResults = options.ReuseResults,
            Webhook = options.Webhook,
        };
        if (options.Priority is { } priority)
        {
            request.Priority = priority;
        }

        return request;
    }

    private async Task<Job> SubmitAsync(
        SubmitVideoRequest request,
        SubmitOptions options,
        ForegSyteCallOptions? callOptions,
        CancellationToken cancellationToken)
    {
        var calls = CallsWith(callOptions);
        var response = await calls.RunAsync(
            calls.DeadlineAfter(request.SourceCase switch
            {
                SubmitVideoRequest.SourceOneofCase.Uri => _options.FetchDeadline,
                SubmitVideoRequest.SourceOneofCase.UploadId => _options.Uploads.CompletionDeadline,
                _ => _options.SubmitDeadline,
            }),
            call => _service.SubmitVideoAsync(request, call),
            failure => failure.Reason switch
            {
                ErrorReason.QueueFull => options.WaitWhileQueueFull,
                // An earlier attempt, perhaps of a killed process, is still completing the upload.
                ErrorReason.UploadBusy => request.HasUploadId,
                _ => false,
            },
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
        ForegSyteCallOptions? callOptions,
        CancellationToken cancellationToken)
    {
        if (file.Length <= _options.MaxInlineBytes
            && await UnlessAsync(
                SubmitContentAsync(file, options, callOptions, cancellationToken), ErrorReason.MessageTooLarge)
                is { } inline)
        {
            return inline;
        }

        if (_options.Addresses.All(address => address.IsLoopback)
            && await UnlessAsync(
                SubmitVideoAsync(new Uri(file.FullName), options, callOptions, cancellationToken),
                ErrorReason.SourceNotAllowed,
                ErrorReason.SourceNotFound,
                ErrorReason.UnsupportedUri) is { } local)
        {
            return local;
        }

        return await UploadAsync(file, options, progress, callOptions, cancellationToken);
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
        FileInfo file, SubmitOptions options, ForegSyteCallOptions? callOptions, CancellationToken cancellationToken) =>
        file.Length > _options.MaxInlineBytes
            ? throw TooLarge(file.Length, options)
            : await SubmitContentAsync(
                await File.ReadAllBytesAsync(file.FullName, cancellationToken),
                options,
                callOptions,
                cancellationToken);

    private Task<Job> SubmitContentAsync(
        ReadOnlyMemory<byte> content,
        SubmitOptions options,
        ForegSyteCallOptions? callOptions,
        CancellationToken cancellationToken)
    {
        if (content.Length > _options.MaxInlineBytes)
        {
            throw TooLarge(content.Length, options);
        }

        var request = RequestFor(options);
        request.Content = UnsafeByteOperations.UnsafeWrap(content);
        return SubmitAsync(request, options, callOptions, cancellationToken);
    }

    private async Task<Job> UploadAsync(
        FileInfo info,
        SubmitOptions options,
        IProgress<UploadProgress>? progress,
        ForegSyteCallOptions? callOptions,
        CancellationToken cancellationToken)
    {
        using var file = VideoFile.Open(info.FullName);
        return await UploadAsync(
            file, _options.Uploads.StateFolder, options, progress, callOptions, cancellationToken);
    }

    private async Task<Job> UploadAsync(
        UploadSource video,
        string? stateFolder,
        SubmitOptions options,
        IProgress<UploadProgress>? progress,
        ForegSyteCallOptions? callOptions,
        CancellationToken cancellationToken)
    {
        if (options.ValidateOnly)
        {
            throw TooLarge(video.SizeBytes, options);
        }

        // Both checks save hours of sending a video that the server must reject.
        await video.RequireMp4Async(cancellationToken);
        await RequirePipelineAsync(options.PipelineId, callOptions, cancellationToken);
        using var checkpoint = UploadCheckpointFile.Open(
            stateFolder, _options.Address, video.Name, _options.TimeProvider.GetUtcNow());
        var upload = new VideoUpload(
            _uploadService,
            CallsWith(callOptions),
            (uploadId, token) => SubmitUploadAsync(uploadId, options, callOptions, token),
            (jobId, token) => CancelJobAsync(jobId, callOptions: callOptions, cancellationToken: token),
            video,
            checkpoint,
            new UploadProgressTracker(video.SizeBytes, progress),
            _options);
        return await upload.RunAsync(cancellationToken);
    }

    private async Task RequirePipelineAsync(
        string pipelineId, ForegSyteCallOptions? callOptions, CancellationToken cancellationToken)
    {
        var known = new List<string>();
        await foreach (var pipeline in ListPipelinesAsync(callOptions, cancellationToken))
        {
            if (pipeline.Id == pipelineId)
            {
                return;
            }

            known.Add(pipeline.Id);
        }

        throw new ForegSyteException(
            ErrorReason.UnknownPipeline,
            $"The pipeline '{pipelineId}' does not exist. Available: {string.Join(", ", known)}.");
    }

    /// <summary>
    /// Derives the idempotency key of an upload's submission from the request: a UUID of version 4 (RFC 9562, 5.4) from
    /// its hash. So a process that was killed before it received its job gets the same job after a restart, without
    /// stored state.
    /// </summary>
    private static string RequestIdOf(SubmitVideoRequest request)
    {
        var bytes = SHA256.HashData(Deterministic(request)).AsSpan(0, UuidBytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }

    /// <summary>Serializes the tags in the order of their keys, whatever the order of the caller's
    /// dictionary.</summary>
    private static byte[] Deterministic(SubmitVideoRequest request)
    {
        var bytes = new byte[request.CalculateSize()];
        using var output = new CodedOutputStream(bytes) { Deterministic = true };
        request.WriteTo(output);
        output.Flush();
        return bytes;
    }

    /// <summary>
    /// The error for a video that does not fit into a message, when <paramref name="options"/> forbid an upload. Its
    /// text also suits the command line, so it names no members.
    /// </summary>
    private ForegSyteException TooLarge(long sizeBytes, SubmitOptions options) => new(
        ErrorReason.MessageTooLarge,
        options.ValidateOnly
            ? FormattableString.Invariant(
                $"The video has at least {sizeBytes} bytes and needs an upload, but a check uploads nothing. ")
            + FormattableString.Invariant(
                $"The server can check a video of up to {_options.MaxInlineBytes} bytes (or its own lower limit), ")
            + "a URI that it reads itself, a complete upload, or the video of a job."
            : FormattableString.Invariant(
                $"The video has at least {sizeBytes} bytes; a message can hold {_options.MaxInlineBytes}. ")
            + "A larger video needs an upload.");
}
