using System.Globalization;
using System.Text.RegularExpressions;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>
/// Reads the lines of FFmpeg's showinfo filter, which tells the exact timestamp of each frame that leaves the
/// decoder; raw video over a pipe has none.
/// </summary>
internal sealed partial class ShowInfoParser
{
    private const long MicrosecondsPerSecond = 1_000_000;

    private long _tickNumerator;
    private long _tickDenominator;

    /// <summary>
    /// Length of a frame in nanoseconds at the rate that the container declares; null where it declares none.
    /// </summary>
    public long? FrameDurationNs { get; private set; }

    /// <summary>Takes a line of FFmpeg's log; a frame where it describes one, otherwise null.</summary>
    /// <exception cref="FormatException">A frame has no timestamp.</exception>
    public DecodedFrame? Accept(string line)
    {
        if (ConfigurationPattern().Match(line) is { Success: true } configuration)
        {
            _tickNumerator = Number(configuration, "tick");
            _tickDenominator = Number(configuration, "ticks");
            var (rate, per) = (Number(configuration, "rate"), Number(configuration, "per"));
            FrameDurationNs = rate > 0 && per > 0 ? MicrosecondsPerSecond * 1000 * per / rate : null;
            return null;
        }

        if (FramePattern().Match(line) is not { Success: true } frame)
        {
            return null;
        }

        if (_tickDenominator == 0 || frame.Groups["pts"].Value == "NOPTS")
        {
            throw new FormatException($"FFmpeg gives no timestamp: {line}");
        }

        var microseconds = (decimal)Number(frame, "pts") * _tickNumerator * MicrosecondsPerSecond / _tickDenominator;
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
