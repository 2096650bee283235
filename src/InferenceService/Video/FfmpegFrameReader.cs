using System.Globalization;
using System.Threading.Channels;

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

    private readonly Channel<long?> _timestamps = Channel.CreateUnbounded<long?>(
        new UnboundedChannelOptions { SingleWriter = true });

    private readonly ChildProcess _process;
    private readonly Task _timestampsEnd;

    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: ffmpeg cannot start.</exception>
    public FfmpegFrameReader(ChildCommand command)
    {
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
    /// <param name="index">The video.</param>
    /// <param name="size">Size of its frames as they leave the decoder.</param>
    /// <param name="cancellationToken">
    /// Does not stop the read; a caller that cancels it must also call <see cref="Kill"/>, which does. The token makes
    /// the difference between a cancelled read and the end of the output.
    /// </param>
    public async Task<Frame?> ReadAsync(VideoIndex index, FrameSize size, CancellationToken cancellationToken)
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

            var ticks = await _timestamps.Reader.ReadAsync(CancellationToken.None);
            var frameIndex = ticks is { } known ? index.IndexOf(known) : null;
            var frame = new Frame(
                frameIndex ?? 0,
                frameIndex is { } shown ? index.TimestampMs(shown) : 0u,
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

    private bool TakeLine(ReadOnlyMemory<char> line) => ShowInfoLine.TryRead(line.Span, out var ticks)
        ? _timestamps.Reader.Count < MaxPendingTimestamps && _timestamps.Writer.TryWrite(ticks)
        : Tail.Take(line);

    private async Task EndTimestampsAsync()
    {
        await _process.ErrorOutput;
        _timestamps.Writer.Complete();
    }
}

/// <summary>
/// The line that FFmpeg's showinfo filter writes for a frame:
/// <c>[Parsed_showinfo_2 @ 0x55c7] [info] n:   0 pts:  10240 pts_time:1 …</c>.
/// </summary>
internal static class ShowInfoLine
{
    private const string Start = "[Parsed_showinfo_";
    private const string Number = "] [info] n:";
    private const string Timestamp = " pts:";

    /// <summary>Reads a line; false if it does not describe a frame.</summary>
    /// <param name="line">One line.</param>
    /// <param name="ticks">Presentation timestamp; null if FFmpeg knows none.</param>
    public static bool TryRead(ReadOnlySpan<char> line, out long? ticks)
    {
        ticks = null;
        if (!line.StartsWith(Start, StringComparison.Ordinal)
            || line.IndexOf(Number, StringComparison.Ordinal) is not (> 0 and var at))
        {
            return false;
        }

        var rest = line[(at + Number.Length)..];
        if (rest.IndexOf(Timestamp, StringComparison.Ordinal) is not (> 0 and var from))
        {
            return false;
        }

        rest = rest[(from + Timestamp.Length)..].TrimStart();
        var word = rest.IndexOf(' ') is > 0 and var end ? rest[..end] : rest;
        if (long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            ticks = number;
        }

        return true;
    }
}
