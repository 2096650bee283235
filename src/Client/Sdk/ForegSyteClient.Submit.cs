using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;

namespace ForegSyte.Client;

/// <content>How videos are submitted.</content>
public sealed partial class ForegSyteClient
{
    private const int CopyBufferBytes = 81920;

    /// <summary>
    /// Submits a file of this machine: inside the message where it is small, otherwise by its file:// URI, which only a
    /// server on this machine can read.
    /// </summary>
    /// <param name="path">Path of an MP4.</param>
    /// <param name="options">What to do with it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The job, as the server stored it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ForegSyteException">
    /// The server refused the video, is full (QUEUE_FULL) or was not reached; MESSAGE_TOO_LARGE where the file is
    /// larger than <see cref="ForegSyteClientOptions.MaxInlineBytes"/> and the server is on another machine.
    /// </exception>
    public async Task<Job> SubmitFileAsync(
        string path, SubmitOptions options, CancellationToken cancellationToken = default)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException($"There is no file {file.FullName}.", file.FullName);
        }

        options = options with { DisplayName = options.DisplayName ?? file.Name };
        if (file.Length <= _options.MaxInlineBytes)
        {
            return await SubmitVideoAsync(
                await File.ReadAllBytesAsync(file.FullName, cancellationToken), options, cancellationToken);
        }

        if (!Address.IsLoopback)
        {
            throw TooLarge(file.Length, "Copy it to where the server can read it and submit its file:// URI.");
        }

        return await SubmitVideoAsync(new Uri(file.FullName), options, cancellationToken);
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
            throw TooLarge(content.Length, "Write it to a file that the server can read and submit its file:// URI.");
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
                throw TooLarge(
                    copy.Length + read, "Write it to a file that the server can read and submit its file:// URI.");
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
            options.WaitWhileQueueFull,
            cancellationToken);
        return response.Job;
    }

    private ForegSyteException TooLarge(long sizeBytes, string whatToDo) =>
        new(StatusCode.ResourceExhausted, FormattableString.Invariant(
            $"The video has {sizeBytes} bytes or more; {_options.MaxInlineBytes} at most go in a message. {whatToDo}"))
        {
            Reason = ErrorReason.MessageTooLarge,
            ReasonText = "MESSAGE_TOO_LARGE",
        };
}
