using System.Text.RegularExpressions;

namespace ForegSyte.Video;

/// <summary>The last lines that a child process wrote. Safe for one writer and one reader at a time.</summary>
internal sealed class LogTail
{
    private const int MaxLines = 12;
    private readonly Queue<string> _lines = new(MaxLines);
    private readonly Lock _lock = new();

    /// <summary>The kept lines, oldest first.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Keeps a line.</summary>
    public void Add(ReadOnlyMemory<char> line)
    {
        lock (_lock)
        {
            if (_lines.Count == MaxLines)
            {
                _lines.Dequeue();
            }

            _lines.Enqueue(line.ToString());
        }
    }

    /// <summary>Keeps a line and returns true, for a process that must continue.</summary>
    public bool Take(ReadOnlyMemory<char> line)
    {
        Add(line);
        return true;
    }

    /// <summary>Whether a kept line contains a text.</summary>
    public bool Mentions(string text) =>
        Lines.Any(line => line.Contains(text, StringComparison.OrdinalIgnoreCase));

    /// <summary>The kept lines in one line.</summary>
    public override string ToString() => string.Join(" / ", Lines);
}

/// <summary>
/// The end of a decoder's log, made safe for callers: lines may hold the path of the video, memory addresses, and
/// whatever a hostile video makes FFmpeg repeat.
/// </summary>
internal static partial class DecoderLogExcerpt
{
    /// <summary>Maximum length of a line in characters.</summary>
    private const int MaxLineLength = 200;

    /// <summary>The cleaned lines, separated by line feeds.</summary>
    /// <param name="tail">The end of the log.</param>
    /// <param name="path">Path of the video; the excerpt contains neither it nor any other path.</param>
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

    /// <summary>A word that begins with a slash; a slash inside a word, as in "1/25", is no path.</summary>
    [GeneratedRegex(@"(?<![\w.)\]])/[^\s'"",;]+")]
    private static partial Regex AnyPath();
}
