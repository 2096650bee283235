using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Video;

/// <summary>
/// Length of a tick of a track's timestamps: <paramref name="Numerator"/> / <paramref name="Denominator"/> seconds.
/// </summary>
internal readonly record struct TimeBase(int Numerator, int Denominator)
{
    private const int MicrosecondsPerSecond = 1_000_000;

    /// <summary>Parses FFmpeg's form, for example "1/90000"; null if the text is invalid.</summary>
    public static TimeBase? Parse(string? text)
    {
        var parts = (text ?? "").Split('/');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var numerator)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var denominator)
            && numerator > 0
            && denominator > 0
            ? new TimeBase(numerator, denominator)
            : null;
    }

    public double ToSeconds(long ticks) => (double)ticks * Numerator / Denominator;

    /// <summary>Whole milliseconds, rounded up.</summary>
    public Int128 ToMillisecondsCeiling(Int128 ticks) => Ceiling(ticks, 1000);

    /// <summary>Whole milliseconds after an origin in microseconds, rounded up.</summary>
    public Int128 ToMillisecondsCeiling(Int128 ticks, long originMicroseconds) =>
        Ceiling(
            (ticks * Numerator * MicrosecondsPerSecond) - ((Int128)originMicroseconds * Denominator),
            (Int128)Denominator * 1000);

    /// <summary>Whole microseconds, rounded up.</summary>
    public long ToMicrosecondsCeiling(long ticks) => (long)Ceiling(ticks, MicrosecondsPerSecond);

    /// <summary>The duration of this many ticks, 0 or more, rounded down to nanoseconds.</summary>
    public Duration ToDuration(Int128 ticks)
    {
        var (seconds, remainder) = Int128.DivRem(ticks * Numerator, Denominator);
        return new Duration
        {
            Seconds = checked((long)seconds),
            Nanos = (int)(remainder * 1_000_000_000 / Denominator),
        };
    }

    /// <summary>The time of a tick after an origin in microseconds, 0 or more, rounded down to nanoseconds.</summary>
    public Duration ToDuration(long ticks, long originMicroseconds)
    {
        var scaled = ((Int128)ticks * Numerator * MicrosecondsPerSecond) - ((Int128)originMicroseconds * Denominator);
        var (seconds, remainder) = Int128.DivRem(scaled, (Int128)Denominator * MicrosecondsPerSecond);
        return new Duration
        {
            Seconds = checked((long)seconds),
            Nanos = (int)(remainder * 1000 / Denominator),
        };
    }

    private Int128 Ceiling(Int128 ticks, int unitsPerSecond) =>
        Ceiling(ticks * Numerator * unitsPerSecond, (Int128)Denominator);

    // Integers, because a binary fraction just above a whole number would be rounded up to the next one.
    private static Int128 Ceiling(Int128 dividend, Int128 divisor)
    {
        var (quotient, remainder) = Int128.DivRem(dividend, divisor);
        return remainder > 0 ? quotient + 1 : quotient;
    }
}
