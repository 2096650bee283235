namespace ForegSyte.CommandLine.Completion;

/// <summary>A command line up to the cursor, cut where the word begins that is being typed.</summary>
/// <param name="Before">What is typed to its end.</param>
/// <param name="Word">The beginning of the last word; may be empty.</param>
internal sealed record UnfinishedLine(string Before, string Word)
{
    /// <summary>
    /// Cuts a line. Spaces in quotes, or after a backslash, are parts of a word; what stands after the equals sign of
    /// an option is a word of its own.
    /// </summary>
    public static UnfinishedLine Of(string line)
    {
        var start = 0;
        var quote = '\0';
        for (var i = 0; i < line.Length; i++)
        {
            switch (line[i])
            {
                case '\\' when quote != '\'':
                    i++;
                    break;
                case '"' or '\'' when quote is '\0':
                    quote = line[i];
                    break;
                case var letter when letter == quote:
                    quote = '\0';
                    break;
                case ' ' when quote is '\0':
                case '=' when quote is '\0' && line[start] == '-':
                    start = i + 1;
                    break;
            }
        }

        var before = line[..start].TrimStart();
        return new UnfinishedLine(before.EndsWith('=') ? before[..^1] + ' ' : before, line[start..]);
    }
}
