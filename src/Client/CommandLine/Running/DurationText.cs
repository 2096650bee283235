using System.Globalization;

namespace ForegSyte.CommandLine.Running;

/// <summary>Times as people write and read them.</summary>
internal static class DurationText
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>Reads "90s", "1.5m", "2h" or a bare number of seconds; at most 30 days.</summary>
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = TimeSpan.Zero;
        var unit = text.Length > 0 ? text[^1] : ' ';
        double? seconds = unit switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            >= '0' and <= '9' => 1,
            _ => null,
        };
        var number = char.IsAsciiDigit(unit) ? text : text[..^Math.Min(1, text.Length)];
        if (seconds is null
            || !double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
            || count * seconds.Value > Longest.TotalSeconds)
        {
            return false;
        }

        time = TimeSpan.FromSeconds(count * seconds.Value);
        return true;
    }

    /// <summary>For example "840 ms", "9.3 s", "4 min 12 s" or "3 h 5 min".</summary>
    public static string Format(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min"),
    };
}
