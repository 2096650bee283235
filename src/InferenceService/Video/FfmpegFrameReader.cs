using System.Threading.Channels;

namespace ForegSyte.Inference.Video;

/// <summary>
/// One running ffmpeg, read frame by frame: the n-th frame on its output belongs to the n-th timestamp on its error
/// output.
/// </summary>
internal sealed class FfmpegFrameReader : IAsyncDisposable
{
    /// <summary>
    /// Timestamps that may wait for their frames. FFmpeg writes a timestamp a few frames at most before the frame, so
    /// that this is never full while frames are read; it bounds the memory where a defect breaks that rule.
    /// </summary>
    private const int MaxWaitingTimestamps = 4096;

    private readonly Channel<long?> _timestamps = Channel.CreateUnbounded<long?>(
        new UnboundedChannelOptions { SingleWriter = true });

    private readonly ChildProcess _process;
    private readonly Task _timestampsEnd;

    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: it cannot be started.</exception>
    public FfmpegFrameReader(ChildCommand command)
    {
        _process = ChildProcess.Start(command, TakeLine);
        _timestampsEnd = EndTimestampsAsync();
    }

    /// <summary>The last lines of the decoder that are not timestamps.</summary>
    public LogTail Tail { get; } = new();

    /// <summary>Process id of the decoder.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Ends the decoder at once.</summary>
    public void Kill() => _process.Kill();

    /// <inheritdoc cref="ChildProcess.WaitForExitAsync" />
    public Task<int> WaitForExitAsync() => _process.WaitForExitAsync();

    /// <summary>The next frame that the container lists; null at the end of the output.</summary>
    /// <param name="index">The video.</param>
    /// <param name="size">Size of its frames as they leave the decoder.</param>
    /// <param name="cancellationToken">
    /// Does not end the read: whoever cancels it has to <see cref="Kill"/>, which does. It tells the end by that from
    /// the end of the output.
    /// </param>
    public async Task<Frame?> ReadAsync(VideoIndex index, FrameSize size, CancellationToken cancellationToken)
    {
        while (true)
        {
            // The index of a frame is known once its timestamp is, which is written first: pixels go straight into
            // the frame's own buffer. A token would not end a read of a pipe.
            if (!await _timestamps.Reader.WaitToReadAsync(CancellationToken.None))
            {
                cancellationToken.ThrowIfCancellationRequested();
                return null;
            }

            var ticks = await _timestamps.Reader.ReadAsync(CancellationToken.None);
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
        await _process.DisposeAsync();
        await _timestampsEnd;
    }

    private async Task<bool> FillAsync(Frame frame)
    {
        var pixels = frame.Pixels;
        var read = await _process.Output.ReadAtLeastAsync(pixels, pixels.Length, throwOnEndOfStream: false);
        return read == pixels.Length;
    }

    private bool TakeLine(ReadOnlyMemory<char> line)
    {
        if (!ShowInfoLine.TryRead(line.Span, out var ticks))
        {
            Tail.Add(line);
            return true;
        }

        return _timestamps.Reader.Count < MaxWaitingTimestamps && _timestamps.Writer.TryWrite(ticks);
    }

    private async Task EndTimestampsAsync()
    {
        await _process.ErrorOutput;
        _timestamps.Writer.Complete();
    }
}
