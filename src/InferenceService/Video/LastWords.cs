using System.Text.RegularExpressions;

namespace ForegSyte.Inference.Video;

/// <summary>
/// What a program that failed wrote last, fit for callers: lines of it hold the path of the video, addresses of the
/// process's memory, and whatever a hostile video makes FFmpeg repeat. Pure.
/// </summary>
internal static partial class LastWords
{
    /// <summary>Longest line that is kept, in characters.</summary>
    private const int MaxLineLength = 200;

    /// <summary>The last lines, one a line.</summary>
    /// <param name="tail">What the program wrote.</param>
    /// <param name="path">Path of the video; it is left out, as every other path is.</param>
    public static string Of(LogTail tail, string path) =>
        string.Join('\n', tail.Lines.Select(line => Clean(line, path)).Where(line => line.Length > 0));

    private static string Clean(string line, string path)
    {
        var text = line.Replace(path, "VIDEO", StringComparison.Ordinal);
        text = MemoryAddress().Replace(text, "");
        text = AnyPath().Replace(text, "PATH");
        text = new string([.. text.Select(each => char.IsControl(each) || char.IsSurrogate(each) ? ' ' : each)]).Trim();
        return text.Length <= MaxLineLength ? text : text[..MaxLineLength] + "…";
    }

    [GeneratedRegex(@" @ 0x[0-9a-fA-F]+")]
    private static partial Regex MemoryAddress();

    /// <summary>A slash that begins a word: none stands inside one, as in "1/25" or "yuv420p/bt709".</summary>
    [GeneratedRegex(@"(?<![\w.)\]])/[^\s'"",;]+")]
    private static partial Regex AnyPath();
}
