using System.Threading.Channels;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Reads one running ffmpeg frame by frame: the n-th frame on its output belongs to the n-th timestamp on its error
/// output.
/// </summary>
internal sealed class FfmpegFrameReader : IAsyncDisposable
{
    /// <summary>
    /// Maximum number of timestamps without a frame. FFmpeg writes a timestamp a few frames at most before the frame;
    /// the limit bounds the memory if a defect breaks that rule.
    /// </summary>
    private const int MaxPendingTimestamps = 4096;

    private readonly Channel<ShowInfoLine> _timestamps = Channel.CreateUnbounded<ShowInfoLine>(
        new UnboundedChannelOptions { SingleWriter = true });

    private readonly FrameMatcher _matcher;
    private readonly VideoIndex _index;
    private readonly ChildProcess _process;
    private readonly Task _timestampsEnd;

    /// <param name="command">The command of ffmpeg.</param>
    /// <param name="index">The video.</param>
    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: ffmpeg cannot start.</exception>
    public FfmpegFrameReader(ChildCommand command, VideoIndex index)
    {
        (_index, _matcher) = (index, new FrameMatcher(index));
        _process = ChildProcess.Start(command, TakeLine);
        _timestampsEnd = EndTimestampsAsync();
    }

    /// <summary>The last lines of the error output that are not timestamps.</summary>
    public LogTail Tail { get; } = new();

    public int ProcessId => _process.Id;

    public void Kill() => _process.Kill();

    /// <inheritdoc cref="ChildProcess.WaitForExitAsync" />
    public Task<int> WaitForExitAsync() => _process.WaitForExitAsync();

    /// <summary>Reads the next frame that the container lists; null at the end of the output.</summary>
    /// <param name="size">Size of its frames as they leave the decoder.</param>
    /// <param name="cancellationToken">
    /// Does not stop the read; a caller that cancels it must also call <see cref="Kill"/>, which does. The token makes
    /// the difference between a cancelled read and the end of the output.
    /// </param>
    public async Task<Frame?> ReadAsync(FrameSize size, CancellationToken cancellationToken)
    {
        while (true)
        {
            // FFmpeg writes the timestamp first. It gives the index of the frame, so that the pixels can go straight
            // into the frame's own buffer.
            if (!await _timestamps.Reader.WaitToReadAsync(CancellationToken.None))
            {
                cancellationToken.ThrowIfCancellationRequested();
                return null;
            }

            var frameIndex = _matcher.Next(await _timestamps.Reader.ReadAsync(CancellationToken.None));
            var frame = new Frame(
                frameIndex ?? 0,
                frameIndex is { } shown ? _index.TimestampMs(shown) : 0u,
                size.Width,
                size.Height,
                _index.Info.Width,
                _index.Info.Height);
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

            // The container does not list this frame, so it has no index in the results.
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

    private bool TakeLine(ReadOnlyMemory<char> line) => ShowInfoLine.TryRead(line.Span, out var frame)
        ? _timestamps.Reader.Count < MaxPendingTimestamps && _timestamps.Writer.TryWrite(frame)
        : Tail.Take(line);

    private async Task EndTimestampsAsync()
    {
        await _process.ErrorOutput;
        _timestamps.Writer.Complete();
    }
}
