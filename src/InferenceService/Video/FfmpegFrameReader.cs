namespace ForegSyte.Inference.Video;

/// <summary>
/// One running ffmpeg, read frame by frame: the n-th frame on its output belongs to the n-th timestamp on its error
/// output.
/// </summary>
internal sealed class FfmpegFrameReader : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly FfmpegErrorOutput _errorOutput;
    private readonly Task _timestampsEnd;
    private readonly CancellationTokenRegistration _killOnCancel;

    private FfmpegFrameReader(
        ChildProcess process, FfmpegErrorOutput errorOutput, CancellationToken cancellationToken)
    {
        _process = process;
        _errorOutput = errorOutput;
        _timestampsEnd = EndTimestampsAsync();
        _killOnCancel = cancellationToken.Register(Kill);
    }

    /// <inheritdoc cref="FfmpegErrorOutput.Tail" />
    public LogTail Tail => _errorOutput.Tail;

    /// <summary>Process id of the decoder.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts a decoder.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: it cannot be started.</exception>
    public static async Task<FfmpegFrameReader> StartAsync(ChildCommand command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var errorOutput = new FfmpegErrorOutput();
        return new FfmpegFrameReader(
            await ChildProcess.StartAsync(command, errorOutput.Take), errorOutput, cancellationToken);
    }

    /// <summary>Ends the decoder at once.</summary>
    public void Kill() => _process.Kill();

    /// <inheritdoc cref="ChildProcess.WaitForExitAsync" />
    public Task<int> WaitForExitAsync() => _process.WaitForExitAsync();

    /// <summary>The next frame that the container lists; null at the end of the output.</summary>
    public async Task<Frame?> ReadAsync(VideoIndex index, FrameSize size, CancellationToken cancellationToken)
    {
        while (true)
        {
            // The index of a frame is known once its timestamp is, which is written first: pixels go straight into
            // the frame's own buffer. Cancelling kills the process, which ends both outputs; the token itself would
            // not end a read of a pipe.
            if (!await _errorOutput.Timestamps.WaitToReadAsync(CancellationToken.None))
            {
                cancellationToken.ThrowIfCancellationRequested();
                return null;
            }

            var ticks = await _errorOutput.Timestamps.ReadAsync(CancellationToken.None);
            var frameIndex = ticks is { } known ? index.IndexOf(known) : null;
            var frame = new Frame(
                frameIndex ?? 0,
                frameIndex is { } shown ? index.TimestampMs(shown) : 0,
                size.Width,
                size.Height,
                index.Info.Width,
                index.Info.Height);
            if (!await FillAsync(frame))
            {
                frame.Dispose();
                cancellationToken.ThrowIfCancellationRequested();
                return null;
            }

            if (frameIndex is not null)
            {
                return frame;
            }

            // A frame that the container does not list; it has no place in the results.
            frame.Dispose();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _killOnCancel.DisposeAsync();
        await _process.DisposeAsync();
        await _timestampsEnd;
    }

    private async Task<bool> FillAsync(Frame frame)
    {
        var pixels = frame.Pixels;
        var read = await _process.Output.ReadAtLeastAsync(pixels, pixels.Length, throwOnEndOfStream: false);
        return read == pixels.Length;
    }

    private async Task EndTimestampsAsync()
    {
        await _process.ErrorOutput;
        _errorOutput.Complete();
    }
}
