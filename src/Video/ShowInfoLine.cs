using System.Globalization;

namespace ForegSyte.Video;

/// <summary>
/// The line that FFmpeg's showinfo filter writes for a frame:
/// <c>[Parsed_showinfo_2 @ 0x55c7] [info] n:   0 pts:  10240 pts_time:1       pos:     48 …</c>.
/// </summary>
/// <param name="Ticks">Presentation timestamp; null if FFmpeg knows none.</param>
/// <param name="Position">First byte of the frame's packet in the file; null if FFmpeg knows none.</param>
internal readonly record struct ShowInfoLine(long? Ticks, long? Position)
{
    private const string Start = "[Parsed_showinfo_";
    private const string FrameNumber = "] [info] n:";

    /// <summary>Reads a line; false if it does not describe a frame.</summary>
    public static bool TryRead(ReadOnlySpan<char> line, out ShowInfoLine frame)
    {
        frame = default;
        if (!line.StartsWith(Start, StringComparison.Ordinal)
            || line.IndexOf(FrameNumber, StringComparison.Ordinal) is not (> 0 and var at))
        {
            return false;
        }

        var rest = line[(at + FrameNumber.Length)..];
        if (rest.IndexOf(" pts:", StringComparison.Ordinal) < 0)
        {
            return false;
        }

        frame = new ShowInfoLine(Number(rest, " pts:"), Number(rest, " pos:"));
        return true;
    }

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
}
