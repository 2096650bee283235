namespace ForegSyte.Contracts.Tests.ByHand;

/// <summary>
/// A Markdown document with commands that can be pasted. In its fenced blocks a line that begins with "$ " is a command
/// (with those that finish it), and the lines below it are what it printed. The first block without such a line
/// prepares the shell for all commands.
/// </summary>
/// <param name="Preparation">The lines that prepare the shell.</param>
/// <param name="Commands">The commands in their order.</param>
internal sealed record CommandDocument(string Preparation, IReadOnlyList<DocumentedCommand> Commands)
{
    private const string Fence = "```";
    private const string Prompt = "$ ";
    private const string Heading = "## ";

    /// <summary>Reads a document.</summary>
    public static CommandDocument Parse(string markdown)
    {
        var commands = new List<DocumentedCommand>();
        string? preparation = null;
        var section = "";
        var lines = markdown.Split('\n');
        for (var index = 0; index < lines.Length; index++)
        {
            if (lines[index].StartsWith(Heading, StringComparison.Ordinal))
            {
                section = lines[index][Heading.Length..].Trim();
            }
            else if (lines[index].StartsWith(Fence, StringComparison.Ordinal))
            {
                var start = index + 1;
                index = Array.IndexOf(lines, Fence, start);
                var block = lines[start..index];
                if (block.Any(line => line.StartsWith(Prompt, StringComparison.Ordinal)))
                {
                    commands.AddRange(CommandsOf(block, start + 1, section));
                }
                else
                {
                    preparation ??= string.Join('\n', block);
                }
            }
        }

        return new CommandDocument(
            preparation ?? throw new ArgumentException("No block prepares the shell."), commands);
    }

    private static IEnumerable<DocumentedCommand> CommandsOf(string[] block, int firstLine, string section)
    {
        var index = 0;
        while (index < block.Length)
        {
            if (!block[index].StartsWith(Prompt, StringComparison.Ordinal))
            {
                throw new ArgumentException($"Line {firstLine + index}: no command stands before this output.");
            }

            var line = firstLine + index;
            var text = block[index++][Prompt.Length..];
            while (IsUnfinished(text) && index < block.Length)
            {
                text += "\n" + block[index++];
            }

            var output = block[index..].TakeWhile(next => !next.StartsWith(Prompt, StringComparison.Ordinal)).ToList();
            index += output.Count;
            yield return new DocumentedCommand(line, section, text, output);
        }
    }

    // Where a shell would wait for the rest: within quotes, after a backslash or a pipe.
    private static bool IsUnfinished(string text) =>
        text.EndsWith('\\') || text.EndsWith('|') || text.Count(character => character == '\'') % 2 == 1;
}
