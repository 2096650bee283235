using System.Threading.Channels;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>
/// Reads the decoder's log: frames go to a channel, the last other lines are kept for an error message.
/// </summary>
internal sealed class FfmpegLog
{
    private const int MaxKeptLines = 8;

    // FFmpeg describes a frame just before it writes it, so that the pipe's back pressure bounds this channel too.
    private readonly Channel<DecodedFrame> _frames = Channel.CreateUnbounded<DecodedFrame>();
    private readonly ShowInfoParser _parser = new();
    private readonly Queue<string> _lastLines = new();

    /// <summary>The frames in the order in which they are shown; completed when the decoder has ended.</summary>
    public ChannelReader<DecodedFrame> Frames => _frames.Reader;

    /// <inheritdoc cref="ShowInfoParser.FrameDurationNs"/>
    public long? FrameDurationNs => _parser.FrameDurationNs;

    /// <summary>The last lines that do not describe frames.</summary>
    public string LastLines => string.Join(Environment.NewLine, _lastLines);

    /// <summary>Reads until the decoder closes its log.</summary>
    public async Task ReadAsync(Stream log, CancellationToken cancellationToken)
    {
        try
        {
            using var reader = new StreamReader(log, leaveOpen: true);
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                if (_parser.Accept(line) is { } frame)
                {
                    _frames.Writer.TryWrite(frame);
                }
                else if (!line.Contains("showinfo", StringComparison.Ordinal) && !string.IsNullOrWhiteSpace(line))
                {
                    Keep(line);
                }
            }

            _frames.Writer.TryComplete();
        }
        catch (Exception failure)
        {
            _frames.Writer.TryComplete(failure);
            throw;
        }
    }

    private void Keep(string line)
    {
        if (_lastLines.Count == MaxKeptLines)
        {
            _lastLines.Dequeue();
        }

        _lastLines.Enqueue(line.Trim());
    }
}
