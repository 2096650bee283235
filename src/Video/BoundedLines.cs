namespace ForegSyte.Video;

/// <summary>
/// Reads lines of a child process and cuts each at a limit, so that a metadata value of a gigabyte cannot fill the
/// memory.
/// </summary>
internal static class BoundedLines
{
    /// <summary>Maximum length of a line in characters. FFmpeg's own lines have some hundred.</summary>
    public const int MaxLength = 2048;

    /// <summary>Calls <paramref name="onLine"/> for each line until the end, or until it returns false.</summary>
    /// <param name="reader">The lines.</param>
    /// <param name="onLine">Takes a line; false ends the reading.</param>
    /// <param name="beforeRead">Delays the next read of up to 8192 characters; null for no delay.</param>
    public static async Task ReadAsync(
        TextReader reader, Func<ReadOnlyMemory<char>, bool> onLine, Func<Task>? beforeRead = null)
    {
        var chunk = new char[8192];
        var line = new char[MaxLength];
        var length = 0;
        while (true)
        {
            await (beforeRead?.Invoke() ?? Task.CompletedTask);
            if (await reader.ReadAsync(chunk.AsMemory()) is not (> 0 and var read))
            {
                break;
            }

            for (var at = 0; at < read; at++)
            {
                if (chunk[at] is not ('\n' or '\r'))
                {
                    if (length < MaxLength)
                    {
                        line[length++] = chunk[at];
                    }
                }
                else if (length > 0)
                {
                    if (!onLine(line.AsMemory(0, length)))
                    {
                        return;
                    }

                    length = 0;
                }
            }
        }

        if (length > 0)
        {
            onLine(line.AsMemory(0, length));
        }
    }
}
