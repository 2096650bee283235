using System.Globalization;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Length of a tick of a track's clock: <paramref name="Numerator"/> / <paramref name="Denominator"/> s.
/// </summary>
internal readonly record struct TimeBase(long Numerator, long Denominator)
{
    /// <summary>Reads FFmpeg's form, for example "1/90000"; null where it is none.</summary>
    public static TimeBase? Parse(string? text)
    {
        var parts = (text ?? "").Split('/');
        return parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var numerator)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var denominator)
            && numerator > 0
            && denominator > 0
            ? new TimeBase(numerator, denominator)
            : null;
    }

    /// <summary>Seconds, for rates.</summary>
    public double ToSeconds(long ticks) => (double)ticks * Numerator / Denominator;

    /// <summary>Whole milliseconds, to the nearest.</summary>
    public long ToMilliseconds(long ticks) => (long)Math.Round(ToSeconds(ticks) * 1000, MidpointRounding.AwayFromZero);

    /// <summary>Whole microseconds, never earlier than the tick.</summary>
    public long ToMicrosecondsCeiling(long ticks)
    {
        var (quotient, remainder) = Int128.DivRem((Int128)ticks * Numerator * 1_000_000, Denominator);
        return (long)(remainder > 0 ? quotient + 1 : quotient);
    }
}
