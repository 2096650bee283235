using System.Globalization;
using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>
/// Reads the log of the decoder: sends frames to a channel, and keeps the last other lines for errors.
/// </summary>
internal sealed class DecoderLog
{
    private const int MaxKeptLines = 8;

    // FFmpeg logs a frame just before it writes the frame, so the back-pressure of the pipe bounds this channel too.
    private readonly Channel<DecodedFrame> _frames = Channel.CreateUnbounded<DecodedFrame>();
    private readonly ShowInfoParser _parser = new();
    private readonly Queue<string> _lastLines = new();

    /// <summary>Frames in presentation order; completed when the decoder exits.</summary>
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
                if (_parser.Parse(line) is { } frame)
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

/// <summary>A frame that the decoder is about to write.</summary>
/// <param name="TimestampUs">Presentation timestamp in microseconds.</param>
/// <param name="Width">Width in pixels after rotation.</param>
/// <param name="Height">Height in pixels after rotation.</param>
/// <param name="PixelAspectNumerator">Numerator of the pixel aspect ratio; 0 if unknown.</param>
/// <param name="PixelAspectDenominator">Denominator of the pixel aspect ratio.</param>
internal sealed record DecodedFrame(
    long TimestampUs, int Width, int Height, int PixelAspectNumerator, int PixelAspectDenominator);

/// <summary>
/// Parses the lines of FFmpeg's showinfo filter, the only source of exact timestamps: raw video in a pipe has none.
/// </summary>
internal sealed partial class ShowInfoParser
{
    private const long MicrosecondsPerSecond = 1_000_000;

    private long _timeBaseNumerator;
    private long _timeBaseDenominator;

    /// <summary>Frame duration in nanoseconds at the container's frame rate; null if it declares none.</summary>
    public long? FrameDurationNs { get; private set; }

    /// <summary>Parses a line of FFmpeg's log; returns null if it does not describe a frame.</summary>
    /// <exception cref="FormatException">A frame has no timestamp.</exception>
    public DecodedFrame? Parse(string line)
    {
        if (ConfigurationPattern().Match(line) is { Success: true } configuration)
        {
            _timeBaseNumerator = Number(configuration, "tick");
            _timeBaseDenominator = Number(configuration, "ticks");
            var (rate, per) = (Number(configuration, "rate"), Number(configuration, "per"));
            FrameDurationNs = rate > 0 && per > 0 ? MicrosecondsPerSecond * 1000 * per / rate : null;
            return null;
        }

        if (FramePattern().Match(line) is not { Success: true } frame)
        {
            return null;
        }

        if (_timeBaseDenominator == 0 || frame.Groups["pts"].Value == "NOPTS")
        {
            throw new FormatException($"FFmpeg logged no timestamp: {line}");
        }

        var microseconds =
            (decimal)Number(frame, "pts") * _timeBaseNumerator * MicrosecondsPerSecond / _timeBaseDenominator;
        return new DecodedFrame(
            (long)decimal.Round(microseconds),
            (int)Number(frame, "width"),
            (int)Number(frame, "height"),
            (int)Number(frame, "sarn"),
            (int)Number(frame, "sard"));
    }

    private static long Number(Match match, string group) =>
        long.Parse(match.Groups[group].ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"showinfo.*config in time_base: (?<tick>\d+)/(?<ticks>\d+), frame_rate: (?<rate>\d+)/(?<per>\d+)",
        RegexOptions.CultureInvariant)]
    private static partial Regex ConfigurationPattern();

    [GeneratedRegex(
        @"showinfo.* n: *\d+ pts: *(?<pts>-?\d+|NOPTS) .* sar:(?<sarn>\d+)/(?<sard>\d+) "
        + @"s:(?<width>\d+)x(?<height>\d+) ",
        RegexOptions.CultureInvariant)]
    private static partial Regex FramePattern();
}
