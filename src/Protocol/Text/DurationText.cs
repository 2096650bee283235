using System.Globalization;
using System.Text;

namespace ForegSyte.Protocol.Text;

/// <summary>
/// Durations as people write them, in settings, arguments and messages: numbers with units, the greatest first, for
/// example "7d 12h 30m 10s", "1.5h" or "250ms".
/// </summary>
public static class DurationText
{
    /// <summary>Says how to write a duration.</summary>
    public const string Form = "a duration such as 250ms, 30s, 15m, 2h or 7d 12h";

    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("d", TimeSpan.TicksPerDay),
        ("h", TimeSpan.TicksPerHour),
        ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond),
        ("ms", TimeSpan.TicksPerMillisecond),
    ];

    /// <summary>Parses numbers with units. A number without a unit is not a duration, except 0.</summary>
    public static bool TryParse(string? text, out TimeSpan time)
    {
        time = TimeSpan.Zero;
        var rest = (text ?? "").AsSpan().Trim();
        if (rest is "0")
        {
            return true;
        }

        var (ticks, previous) = (0m, -1);
        while (rest.Length > 0)
        {
            var digits = LengthOf(rest, static character => char.IsAsciiDigit(character) || character == '.');
            var letters = LengthOf(rest[digits..], char.IsAsciiLetter);
            var unit = IndexOf(rest.Slice(digits, letters));
            if (unit <= previous || !decimal.TryParse(
                rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            {
                return false;
            }

            if (count > TimeSpan.MaxValue.Ticks / Units[unit].Ticks)
            {
                return false;
            }

            ticks += count * Units[unit].Ticks;
            previous = unit;
            rest = rest[(digits + letters)..].TrimStart();
        }

        if (previous < 0 || ticks > TimeSpan.MaxValue.Ticks)
        {
            return false;
        }

        time = TimeSpan.FromTicks((long)ticks);
        return true;
    }

    /// <summary>Formats a duration exactly, so that <see cref="TryParse"/> reads the same one.</summary>
    public static string Format(TimeSpan time)
    {
        if (time < TimeSpan.Zero)
        {
            return "-" + Format(time == TimeSpan.MinValue ? TimeSpan.MaxValue : time.Negate());
        }

        if (time < TimeSpan.FromSeconds(1))
        {
            return time == TimeSpan.Zero ? "0s" : string.Create(
                CultureInfo.InvariantCulture, $"{time.Ticks / (decimal)TimeSpan.TicksPerMillisecond:0.####}ms");
        }

        var text = new StringBuilder();
        var seconds = time.Ticks % TimeSpan.TicksPerMinute / (decimal)TimeSpan.TicksPerSecond;
        foreach (var (count, unit) in new[]
        {
            (time.Days, "d"), (time.Hours, "h"), (time.Minutes, "m"), (seconds, "s"),
        })
        {
            if (count > 0)
            {
                text.Append(text.Length > 0 ? " " : "");
                text.Append(CultureInfo.InvariantCulture, $"{count:0.#######}{unit}");
            }
        }

        return text.ToString();
    }

    /// <summary>
    /// Formats a duration for people, with at most two units: "840ms", "9.3s", "4m 12s", "3h 5m" or "2d 3h".
    /// </summary>
    public static string Approximate(TimeSpan time) => time switch
    {
        { TotalMilliseconds: < 999.5 } =>
            string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0}ms"),
        { TotalSeconds: < 59.95 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#}s"),
        { TotalSeconds: < 3599.5 } => Pair((long)Math.Round(time.TotalSeconds), 60, "m", "s"),
        { TotalMinutes: < 1439.5 } => Pair((long)Math.Round(time.TotalMinutes), 60, "h", "m"),
        _ => Pair((long)Math.Round(time.TotalHours), 24, "d", "h"),
    };

    private static string Pair(long count, int size, string greater, string smaller) => count % size == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{count / size}{greater}")
        : string.Create(CultureInfo.InvariantCulture, $"{count / size}{greater} {count % size}{smaller}");

    private static int IndexOf(ReadOnlySpan<char> unit)
    {
        for (var index = 0; index < Units.Length; index++)
        {
            if (unit.SequenceEqual(Units[index].Unit))
            {
                return index;
            }
        }

        return -1;
    }

    private static int LengthOf(ReadOnlySpan<char> text, Func<char, bool> belongs)
    {
        var length = 0;
        while (length < text.Length && belongs(text[length]))
        {
            length++;
        }

        return length;
    }
}
