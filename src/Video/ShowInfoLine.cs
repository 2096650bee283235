using System.Globalization;
using System.Text.RegularExpressions;

namespace ForegSyte.Video;

/// <summary>
/// The line that FFmpeg's showinfo filter writes for a frame:
/// <c>[Parsed_showinfo_2 @ 0x55c7] [info] n:   0 pts:  10240 pts_time:1       pos:     48 …</c>.
/// </summary>
/// <param name="Ticks">Presentation timestamp; null if FFmpeg knows none.</param>
/// <param name="Position">First byte of the frame's packet in the file; null if FFmpeg knows none.</param>
internal readonly partial record struct ShowInfoLine(long? Ticks, long? Position)
{
    /// <summary>Reads a line; false if it does not describe a frame.</summary>
    /// <remarks>
    /// FFmpeg writes a message without a tag behind one that another thread has not ended yet, such as
    /// <c>[h264 @ 0x55f4] [warning] Late SEIn:  30 pts:  15872 pts_time:1.24 …</c>. So the frame is looked for in each
    /// line with the tag of a component. Texts of the file never begin with such a tag.
    /// </remarks>
    public static bool TryRead(ReadOnlySpan<char> line, out ShowInfoLine frame)
    {
        frame = default;
        if (!HasTagOfComponent(line))
        {
            return false;
        }

        foreach (var found in Frame().EnumerateMatches(line))
        {
            var rest = line[found.Index..];
            frame = new ShowInfoLine(Number(rest, " pts:"), Number(rest, " pos:"));
            return true;
        }

        return false;
    }

    /// <summary>
    /// Whether another message follows in a line that showinfo has begun; it has neither a tag nor a level. showinfo
    /// itself writes only keys and values: <c>n:   0 pts:  10240 pts_time:1 … type:I</c>. Its lines about side data may
    /// have any text and are not looked at.
    /// </summary>
    public static bool HasMessageBehind(ReadOnlySpan<char> line)
    {
        var start = line.IndexOf("] n:", StringComparison.Ordinal);
        start = start < 0 ? line.IndexOf("] color_range:", StringComparison.Ordinal) : start;
        if (start < 0 || !line.StartsWith("[Parsed_showinfo_", StringComparison.Ordinal))
        {
            return false;
        }

        var isValueDue = false;
        var rest = line[(start + 1)..];
        foreach (var range in rest.Split(' '))
        {
            var word = rest[range];
            if (word.IsEmpty)
            {
                continue;
            }

            if (!isValueDue && word.IndexOf(':') <= 0)
            {
                return true;
            }

            isValueDue = !isValueDue && word.EndsWith(":", StringComparison.Ordinal);
        }

        return false;
    }

    private static bool HasTagOfComponent(ReadOnlySpan<char> line) =>
        line.StartsWith("[", StringComparison.Ordinal)
        && line.IndexOf(']') is > 0 and var end
        && line[..end].Contains(" @ 0x", StringComparison.Ordinal);

    private static long? Number(ReadOnlySpan<char> line, string key)
    {
        if (line.IndexOf(key, StringComparison.Ordinal) is not (>= 0 and var at))
        {
            return null;
        }

        var rest = line[(at + key.Length)..].TrimStart();
        var word = rest.IndexOf(' ') is > 0 and var end ? rest[..end] : rest;
        return long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
    }

    [GeneratedRegex("n: *[0-9]+ pts: *(-?[0-9]+|NOPTS) +pts_time:", RegexOptions.CultureInvariant)]
    private static partial Regex Frame();
}
