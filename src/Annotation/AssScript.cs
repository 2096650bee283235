using System.Globalization;
using System.Text;

namespace ForegSyte.Annotation;

/// <summary>
/// Writes an ASS script, the subtitle format that libass draws. One tick of the copy is 20 ms on the script's clock, so
/// that its resolution of 10 ms can name the middle between any two frames (see <see cref="CopyClock"/>).
/// </summary>
internal sealed class AssScript(TextWriter writer)
{
    /// <summary>Name of the font that the script and the file in the assembly share.</summary>
    public const string FontFamily = "DejaVu Sans Mono";

    /// <summary>
    /// The size of a font in ASS is the height of a line: ascent and descent of the font, 2384 of 2048 units here.
    /// </summary>
    private const double LineHeightOfEm = 2384.0 / 2048;

    private const int CentisecondsPerSecond = 100;

    /// <summary>Number of events so far.</summary>
    public int EventCount { get; private set; }

    /// <summary>Number of characters so far.</summary>
    public long Length { get; private set; }

    /// <summary>Writes the header for frames of one size.</summary>
    /// <param name="width">Width of the frames.</param>
    /// <param name="height">Height of the frames.</param>
    /// <param name="emHeight">Height of the letters' em square in pixels.</param>
    public void WriteHeader(int width, int height, double emHeight) => Write(string.Create(
        CultureInfo.InvariantCulture,
        $"""
        [Script Info]
        ScriptType: v4.00+
        PlayResX: {width}
        PlayResY: {height}
        WrapStyle: 2
        ScaledBorderAndShadow: yes
        Kerning: no
        YCbCr Matrix: None

        [V4+ Styles]
        Format: Name, Fontname, Fontsize, PrimaryColour, Bold, BorderStyle, Outline, Shadow, Alignment, Encoding
        Style: Label,{FontFamily},{emHeight * LineHeightOfEm:0.###},&H00FFFFFF,-1,1,0,0,7,1

        [Events]
        Format: Layer, Start, End, Style, Text

        """));

    /// <summary>Writes one event.</summary>
    /// <param name="layer">Events of a higher layer cover those of a lower one.</param>
    /// <param name="from">When it appears, in half ticks.</param>
    /// <param name="to">When it disappears, in half ticks.</param>
    /// <param name="text">Tags, and the text or drawing.</param>
    public void WriteEvent(int layer, long from, long to, string text)
    {
        EventCount++;
        Write(string.Create(
            CultureInfo.InvariantCulture, $"Dialogue: {layer},{Time(from)},{Time(to)},Label,{text}\n"));
    }

    /// <summary>
    /// Makes text harmless: braces would begin tags, and a backslash a tag or a line feed. Removes what would reorder,
    /// wrap or hide the rest of the line.
    /// </summary>
    public static string Escape(string text)
    {
        const char WordJoiner = '\u2060';
        var escaped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '{' or '}':
                    escaped.Append('\\').Append((char)rune.Value);
                    break;
                case '\\':
                    // libass knows no escape for a backslash; separated from the next letter it means itself.
                    escaped.Append('\\').Append(WordJoiner);
                    break;
                default:
                    escaped.Append(rune.ToString());
                    break;
            }
        }

        return escaped.ToString();
    }

    private static string Time(long centiseconds)
    {
        var (seconds, rest) = Math.DivRem(centiseconds, CentisecondsPerSecond);
        return string.Create(
            CultureInfo.InvariantCulture, $"{seconds / 3600}:{seconds / 60 % 60:00}:{seconds % 60:00}.{rest:00}");
    }

    private void Write(string text)
    {
        Length += text.Length;
        writer.Write(text);
    }
}
