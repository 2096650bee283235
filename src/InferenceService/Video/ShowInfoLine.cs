using System.Globalization;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The line that FFmpeg's showinfo filter writes for a frame:
/// <c>[Parsed_showinfo_2 @ 0x55c7] [info] n:   0 pts:  10240 pts_time:1 …</c>.
/// </summary>
internal static class ShowInfoLine
{
    private const string Start = "[Parsed_showinfo_";
    private const string Number = "] [info] n:";
    private const string Timestamp = " pts:";

    /// <summary>Reads a line; false where it is not about a frame.</summary>
    /// <param name="line">One line.</param>
    /// <param name="ticks">Presentation timestamp; null where FFmpeg knows none.</param>
    public static bool TryRead(ReadOnlySpan<char> line, out long? ticks)
    {
        ticks = null;
        if (!line.StartsWith(Start, StringComparison.Ordinal)
            || line.IndexOf(Number, StringComparison.Ordinal) is not (> 0 and var at))
        {
            return false;
        }

        var rest = line[(at + Number.Length)..];
        if (rest.IndexOf(Timestamp, StringComparison.Ordinal) is not (> 0 and var from))
        {
            return false;
        }

        rest = rest[(from + Timestamp.Length)..].TrimStart();
        var word = rest.IndexOf(' ') is > 0 and var end ? rest[..end] : rest;
        if (long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            ticks = number;
        }

        return true;
    }
}
