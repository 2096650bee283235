using System.CommandLine;
using System.CommandLine.Invocation;
using ForegSyte.CommandLine.Running;

namespace ForegSyte.CommandLine.Completion;

/// <summary>
/// <c>foregsyte [complete] LINE</c>: what may stand at the end of LINE, for the scripts of the shells. A line of output
/// is a candidate, a tab and its description; <c>:files</c> asks the shell for file names. The library's own
/// <c>[suggest]</c> stays for dotnet-suggest; it has neither descriptions nor files, and offers every option where a
/// file is wanted.
/// </summary>
internal static class CompleteDirective
{
    /// <summary>The directive of this root.</summary>
    public static Directive Create(RootCommand root, CommandRunner runner, CommandEnvironment environment) =>
        new("complete") { Action = new CompleteAction(root, new ServerCandidates(runner), environment) };

    private sealed class CompleteAction(
        RootCommand root, ServerCandidates server, CommandEnvironment environment) : AsynchronousCommandLineAction
    {
        /// <inheritdoc />
        public override async Task<int> InvokeAsync(
            ParseResult parseResult, CancellationToken cancellationToken = default)
        {
            var line = UnfinishedLine.Of(parseResult.Tokens[^1].Value);
            var parsed = root.Parse(line.Before);
            foreach (var candidate in Candidates.Of(parsed, line))
            {
                if (CompletionSources.IsFiles(candidate.Text))
                {
                    await environment.Output.WriteLineAsync(candidate.Text);
                    continue;
                }

                foreach (var known in await server.ResolveAsync(candidate, parsed, cancellationToken))
                {
                    if (known.Text.StartsWith(line.Word, StringComparison.Ordinal))
                    {
                        await environment.Output.WriteLineAsync($"{known.Text}\t{known.Description}");
                    }
                }
            }

            return (int)ExitCode.Ok;
        }
    }
}
