using System.Threading.Channels;

namespace ForegSyte.Inference.Video;

/// <summary>What a decoder says while it decodes: a timestamp for each frame, and everything else.</summary>
internal sealed class FfmpegErrorOutput
{
    /// <summary>
    /// Timestamps that may wait for their frames. FFmpeg writes a timestamp a few frames at most before the frame, so
    /// that this is never full while frames are read; it bounds the memory where a defect breaks that rule.
    /// </summary>
    private const int MaxWaitingTimestamps = 4096;

    private readonly Channel<long?> _timestamps = Channel.CreateUnbounded<long?>(
        new UnboundedChannelOptions { SingleWriter = true });

    /// <summary>The last lines that are not timestamps.</summary>
    public LogTail Tail { get; } = new();

    /// <summary>Timestamps in ticks, in the order of the frames; null where FFmpeg knows none.</summary>
    public ChannelReader<long?> Timestamps => _timestamps.Reader;

    /// <summary>Takes one line; false where more timestamps wait than a decoder writes ahead.</summary>
    public bool Take(ReadOnlyMemory<char> line)
    {
        if (!ShowInfoLine.TryRead(line.Span, out var ticks))
        {
            Tail.Add(line);
            return true;
        }

        return _timestamps.Reader.Count < MaxWaitingTimestamps && _timestamps.Writer.TryWrite(ticks);
    }

    /// <summary>There are no more lines.</summary>
    public void Complete() => _timestamps.Writer.Complete();
}
