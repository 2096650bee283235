using System.Globalization;
using ForegSyte.Protocol.Json;
using ForegSyte.Protocol.Text;
using Google.Protobuf;
using Spectre.Console.Rendering;

namespace ForegSyte.CommandLine.Output;

/// <summary>Sizes for people.</summary>
internal static class ByteText
{
    private const double Step = 1000;

    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB"];

    /// <summary>Formats a size with powers of 1000 and three digits: "512 B", "4.19 MB" or "60 GB".</summary>
    public static string Format(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (value >= Step && unit < Units.Length - 1)
        {
            (value, unit) = (value / Step, unit + 1);
        }

        // Truncated, not rounded: an incomplete transfer must not look complete.
        var digits = unit == 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
        var scale = Math.Pow(10, digits);
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(value * scale) / scale:0.##} {Units[unit]}");
    }
}

/// <summary>Durations for people.</summary>
internal static class DurationText
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>Parses "90s", "1.5m", "2h" or a number of seconds; at most 30 days.</summary>
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

    /// <summary>Formats a duration: "840 ms", "9.3 s", "4 min 12 s" or "3 h 5 min".</summary>
    public static string Format(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min"),
    };
}

/// <summary>Ordinal numbers.</summary>
internal static class OrdinalText
{
    /// <summary>Formats an ordinal: "1st", "12th" or "23rd".</summary>
    public static string Of(int number)
    {
        var suffix = (number % 100, number % 10) switch
        {
            (11 or 12 or 13, _) => "th",
            (_, 1) => "st",
            (_, 2) => "nd",
            (_, 3) => "rd",
            _ => "th",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{number}{suffix}");
    }
}

/// <summary>Untrusted text for a terminal.</summary>
internal static class SafeText
{
    /// <summary>
    /// Puts the text on one line and escapes control characters, so a name or an error message cannot send escape
    /// sequences to the terminal, nor reorder the text around it (bidirectional controls).
    /// </summary>
    public static string OneLine(string text) => ControlCharacters.Escape(
        text.Replace('\n', ' ').Replace('\r', ' ').Replace('\t', ' '));

    /// <summary>A message as indented JSON without unsafe characters.</summary>
    public static string Json(IMessage message) =>
        ControlCharacters.EscapeLines(ForegSyteJson.IndentedFormatter.Format(message));
}

/// <summary>
/// Escapes unsafe characters in everything that a console writes, so that a text which nobody made safe does no harm.
/// Such a text makes the columns of its table uneven.
/// </summary>
internal sealed class SafeTextHook : IRenderHook
{
    /// <inheritdoc />
    public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
        renderables.Select(renderable => new SafeRenderable(renderable));

    private sealed class SafeRenderable(IRenderable inner) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            inner.Render(options, maxWidth).Select(segment => segment.IsControlCode || !ControlCharacters.IsIn(
                segment.Text.Replace("\n", "", StringComparison.Ordinal))
                ? segment
                : new Segment(ControlCharacters.EscapeLines(segment.Text), segment.Style));
    }
}
