using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests.ByHand;

/// <summary>
/// A Markdown document with commands that can be pasted. In its fenced blocks a line that begins with "$ " is a command
/// (with those that finish it), and the lines below it are what it printed. The first block without such a line
/// prepares the shell for all commands.
/// </summary>
/// <param name="Name">Name of the file in docs.</param>
/// <param name="Preparation">The lines that prepare the shell.</param>
/// <param name="Commands">The commands in their order.</param>
internal sealed record CommandDocument(string Name, string Preparation, IReadOnlyList<DocumentedCommand> Commands)
{
    private const string Fence = "```";
    private const string Prompt = "$ ";
    private const string Heading = "## ";

    /// <summary>Reads a document of docs.</summary>
    public static CommandDocument Read(string name) =>
        Parse(name, File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", name)));

    /// <summary>Reads a document's text.</summary>
    public static CommandDocument Parse(string name, string markdown)
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
            name, preparation ?? throw new ArgumentException("No block prepares the shell."), commands);
    }

    /// <summary>Runs commands in their order; each has to print what the document says.</summary>
    public async Task AssertPrintedAsync(Installation installation, Func<DocumentedCommand, bool> isMeant)
    {
        var comparison = new OutputComparison();
        foreach (var command in Commands.Where(isMeant))
        {
            var run = await Shell.RunAsync(
                $$"""
                shopt -s expand_aliases
                {{PreparationFor(installation)}}
                {
                {{comparison.Translate(command.Text)}}
                } 2>&1
                """,
                RepositoryFiles.Root);
            var printed = run.StandardOutput.TrimEnd('\n');
            var difference = comparison.Difference(command.Output, printed.Length == 0 ? [] : printed.Split('\n'));
            Assert.True(
                difference is null,
                $"docs/{Name}:{command.Line}: {difference}\n$ {command.Text}\nIt printed:\n{printed}");
        }
    }

    // The same lines that a reader pastes, with this installation's ports and folder in the place of the usual ones.
    private string PreparationFor(Installation installation) => Preparation
        .Replace("127.0.0.1:5200", installation.JobAddress.Authority, StringComparison.Ordinal)
        .Replace("127.0.0.1:5201", installation.InferenceAddress.Authority, StringComparison.Ordinal)
        .Replace("127.0.0.1:5202", installation.HttpAddress.Authority, StringComparison.Ordinal)
        .Replace("$PWD/data/video_jobs", installation.Storage, StringComparison.Ordinal);

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
