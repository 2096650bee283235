using System.CommandLine;
using ForegSyte.Client;
using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Running;

namespace ForegSyte.CommandLine.Completion;

/// <summary>Pipelines and jobs, asked of the server that the line names.</summary>
internal sealed class ServerCandidates(CommandRunner runner)
{
    /// <summary>Whoever presses Tab looks at the screen until something comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private const int MostJobs = 50;

    /// <summary>What a candidate stands for: itself, or what the server has.</summary>
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
            limit.CancelAfter(Patience);
            await using var client = runner.Connect(line);
            return isJobs
                ? await JobsAsync(client, filter, limit.Token)
                : await PipelinesAsync(client, limit.Token);
        }
        catch (Exception)
        {
            // No server, a wrong key, an address that is half typed: there is nothing to offer, and nowhere to say so.
            return [];
        }
    }

    private static async Task<IReadOnlyList<Candidate>> JobsAsync(
        ForegSyteClient client, string filter, CancellationToken cancellationToken) => await client
        .ListJobsAsync(filter, MostJobs, cancellationToken)
        .Take(MostJobs)
        .Select(job => new Candidate(
            job.JobId, $"{JobView.StatusText(job.Status)} {SafeText.OneLine(job.DisplayName)}".TrimEnd()))
        .ToListAsync(cancellationToken);

    private static async Task<IReadOnlyList<Candidate>> PipelinesAsync(
        ForegSyteClient client, CancellationToken cancellationToken) =>
    [
        .. from pipeline in await client.ListPipelinesAsync(cancellationToken)
           select new Candidate(pipeline.Id, SafeText.OneLine(pipeline.Description)),
    ];
}
