namespace ForegSyte.Inference.Video;

/// <summary>
/// The last lines that a child process wrote, for the log. Safe for one writer and one reader at a time.
/// </summary>
internal sealed class LogTail
{
    private const int MaxLines = 12;
    private readonly Queue<string> _lines = new(MaxLines);
    private readonly Lock _lock = new();

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

    /// <summary>Whether a kept line holds a text.</summary>
    public bool Mentions(string text)
    {
        lock (_lock)
        {
            return _lines.Any(line => line.Contains(text, StringComparison.OrdinalIgnoreCase));
        }
    }

    /// <summary>The kept lines in one.</summary>
    public override string ToString()
    {
        lock (_lock)
        {
            return string.Join(" / ", _lines);
        }
    }
}
