using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests.Commands;

/// <summary>
/// A Markdown document with commands to paste. In its fenced blocks, a line that starts with "$ " is a command, with
/// its continuation lines; the lines below it are its output. The first block without such a line sets up the shell.
/// </summary>
/// <param name="Name">File name in docs.</param>
/// <param name="Setup">The lines that set up the shell.</param>
/// <param name="Commands">The commands in order.</param>
internal sealed record CommandDocument(string Name, string Setup, IReadOnlyList<DocumentedCommand> Commands)
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
        string? setup = null;
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
                    setup ??= string.Join('\n', block);
                }
            }
        }

        return new CommandDocument(
            name, setup ?? throw new ArgumentException($"{name} has no block that sets up the shell."), commands);
    }

    /// <summary>Runs commands in order and compares their output with the document.</summary>
    public async Task AssertPrintedAsync(Installation installation, Func<DocumentedCommand, bool> isIncluded)
    {
        var comparison = new OutputComparison();
        foreach (var command in Commands.Where(isIncluded))
        {
            var run = await Shell.RunAsync(
                $$"""
                shopt -s expand_aliases
                {{SetupFor(installation)}}
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

    // The lines that a reader pastes, with this installation's ports and folder.
    private string SetupFor(Installation installation) => Setup
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
                throw new ArgumentException($"Line {firstLine + index}: output without a command.");
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

    // A shell waits for more within quotes and after a backslash or a pipe.
    private static bool IsUnfinished(string text) =>
        text.EndsWith('\\') || text.EndsWith('|') || text.Count(character => character == '\'') % 2 == 1;
}

/// <summary>A command of a document.</summary>
/// <param name="Line">Its first line in the document, from 1.</param>
/// <param name="Section">Heading of its section.</param>
/// <param name="Text">The text after "$ ".</param>
/// <param name="Output">The lines up to the next command or the end of the block.</param>
internal sealed record DocumentedCommand(int Line, string Section, string Text, IReadOnlyList<string> Output);
