using System.CommandLine;
using System.CommandLine.Invocation;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;

namespace ForegSyte.CommandLine.Completion;

/// <summary>
/// The directive <c>foregsyte [complete] LINE</c>, which the shell scripts call: prints the candidates for the end of
/// LINE, one per line, with a tab and a description. The line <c>:files</c> asks the shell for file names.
/// </summary>
/// <remarks>
/// System.CommandLine's own <c>[suggest]</c> remains for dotnet-suggest. It has no descriptions and no file names, and
/// offers every option where an argument is expected.
/// </remarks>
internal static class CompleteDirective
{
    private static readonly string[] EndsOfSummary = [". ", ": ", "; "];

    public static Directive Create(RootCommand root, CommandRunner runner, CommandEnvironment environment) =>
        new("complete") { Action = new CompleteAction(root, new ServerCandidates(runner), environment) };

    private sealed class CompleteAction(
        RootCommand root, ServerCandidates server, CommandEnvironment environment) : AsynchronousCommandLineAction
    {
        public override async Task<int> InvokeAsync(
            ParseResult parseResult, CancellationToken cancellationToken = default)
        {
            var line = UnfinishedLine.Of(parseResult.Tokens[^1].Value);
            var parsed = root.Parse(line.Before);
            foreach (var candidate in Candidates(parsed, line))
            {
                if (CompletionSources.IsFiles(candidate.Text))
                {
                    await environment.Output.WriteLineAsync(SafeText.OneLine(candidate.Text));
                    continue;
                }

                foreach (var resolved in await server.ResolveAsync(candidate, parsed, cancellationToken))
                {
                    if (resolved.Text.StartsWith(line.Word, StringComparison.Ordinal))
                    {
                        await environment.Output.WriteLineAsync(
                            $"{SafeText.OneLine(resolved.Text)}\t{resolved.Description}");
                    }
                }
            }

            return (int)ExitCode.Ok;
        }
    }

    /// <summary>
    /// Returns System.CommandLine's candidates for the last word: long options after a dash, everything else without.
    /// </summary>
    private static IEnumerable<Candidate> Candidates(ParseResult parsed, UnfinishedLine line)
    {
        var wantsOptions = line.Word.StartsWith('-');
        return from item in parsed.GetCompletions(line.Before.Length)
               let isOption = item.Label[0] is '-' or '/'
               where isOption ? wantsOptions && item.Label.StartsWith("--", StringComparison.Ordinal) : !wantsOptions
               select new Candidate(item.Label, SummaryOf(item.Detail));
    }

    private static string SummaryOf(string? description)
    {
        var line = SafeText.OneLine(description ?? "");
        var end = EndsOfSummary
            .Select(mark => line.IndexOf(mark, StringComparison.Ordinal))
            .Where(index => index >= 0)
            .DefaultIfEmpty(line.Length)
            .Min();
        return line[..end].TrimEnd('.');
    }
}

/// <summary>A completion of the last word.</summary>
/// <param name="Text">The word.</param>
/// <param name="Description">One-line description; may be empty.</param>
internal sealed record Candidate(string Text, string Description);

/// <summary>A command line up to the cursor, split before its last word.</summary>
/// <param name="Before">The complete words.</param>
/// <param name="Word">The start of the last word; may be empty.</param>
internal sealed record UnfinishedLine(string Before, string Word)
{
    /// <summary>
    /// Splits a line. Spaces in quotes or after a backslash belong to a word; the value after the equals sign of an
    /// option is a word of its own.
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

/// <summary>Reads candidates that are pipelines and jobs from the server that the line names.</summary>
internal sealed class ServerCandidates(CommandRunner runner)
{
    /// <summary>The terminal is blocked until the candidates arrive.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private const int MaxJobs = 50;

    /// <summary>Replaces a marker with the ids from the server; returns any other candidate as it is.</summary>
    public async Task<IReadOnlyList<Candidate>> ResolveAsync(
        Candidate candidate, ParseResult line, CancellationToken cancellationToken)
    {
        var isJobs = CompletionSources.IsJobs(candidate.Text, out var filter);
        if (!isJobs && !CompletionSources.IsPipelines(candidate.Text))
        {
            return [candidate];
        }

        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Timeout);
            await using var client = runner.Connect(line);
            return isJobs
                ? await JobsAsync(client, filter, limit.Token)
                : await PipelinesAsync(client, limit.Token);
        }
        catch (Exception)
        {
            // No server, a wrong key or an incomplete address: a completion cannot print an error.
            return [];
        }
    }

    private static async Task<IReadOnlyList<Candidate>> JobsAsync(
        ForegSyteClient client, string filter, CancellationToken cancellationToken) => await client
        .ListJobsAsync(filter, MaxJobs, cancellationToken: cancellationToken)
        .Take(MaxJobs)
        .Select(job => new Candidate(
            job.JobId, $"{JobText.Status(job.Status)} {SafeText.OneLine(job.DisplayName)}".TrimEnd()))
        .ToListAsync(cancellationToken);

    private static async Task<IReadOnlyList<Candidate>> PipelinesAsync(
        ForegSyteClient client, CancellationToken cancellationToken) => await client
        .ListPipelinesAsync(cancellationToken: cancellationToken)
        .Select(pipeline => new Candidate(pipeline.Id, SafeText.OneLine(pipeline.Description)))
        .ToListAsync(cancellationToken);
}
