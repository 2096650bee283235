using System.Diagnostics.CodeAnalysis;
using ForegSyte.Benchmarks;
using ForegSyte.Cluster.Running;
using ForegSyte.Testing.Faults;
using ForegSyte.V1;

namespace ForegSyte.Cluster.Scenarios;

/// <summary>Faults while callers submit jobs.</summary>
/// <param name="Name">The name on the command line.</param>
/// <param name="What">What happens.</param>
/// <param name="DisturbAsync">Makes the faults, mends them, and returns.</param>
internal sealed record FaultScenario(
    string Name, string What, Func<RunningCluster, FaultLog, FaultLimits, CancellationToken, Task> DisturbAsync)
{
    /// <summary>Why it cannot run with these settings; null if it can.</summary>
    public Func<ClusterSettings, string?> MissingReason { get; init; } = _ => null;

    /// <summary>Changes the settings of the cluster.</summary>
    public Func<ClusterSettings, ClusterSettings> Adapt { get; init; } = settings => settings;

    /// <summary>Runs it and checks every job.</summary>
    /// <returns>The rows of the table, and the timeline of a job that ran again elsewhere.</returns>
    [SuppressMessage("Security", "CA5394", Justification = "A seeded sequence that can be repeated is the point.")]
    public async Task<FaultReport> RunAsync(
        ClusterSettings settings, ClusterServers servers, FaultLimits limits, CancellationToken cancellationToken)
    {
        var adapted = Adapt(settings) with { SegmentFrames = JobRequest.SegmentFrames };
        await using var cluster = await RunningCluster.StartAsync(adapted, servers);
        var baselineOf = await cluster.RunBaselineAsync(cancellationToken);
        var expected = new ExpectedJobs();
        var faults = new FaultLog();
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            var callers = Task.WhenAll(Enumerable.Range(0, limits.Callers).Select(index =>
                new ClusterCaller(cluster, expected, new Random(limits.Seed + index)).RunAsync(stop.Token)));
            try
            {
                await DisturbAsync(cluster, faults, limits, cancellationToken);
            }
            finally
            {
                await stop.CancelAsync();
                await callers;
            }
        }

        await cluster.WaitUntilAllAnswerAsync(cancellationToken);
        var counts = await JobVerdict.RunAsync(cluster, expected, baselineOf, cancellationToken);
        var takeovers = faults.Takeovers(cluster, await cluster.ListAsync(cancellationToken));

        // A job that resumed shows the most.
        var traced = takeovers.Select(takeover => takeover.Job)
            .Where(job => job.Status == JobStatus.Completed)
            .MaxBy(job => job.Attempts.Max(attempt => attempt.FramesResumed));
        return new FaultReport(
            [.. Rows(expected, counts, takeovers)],
            traced is null ? [] : [.. faults.Timeline(cluster, traced)],
            counts);
    }

    private IEnumerable<Row> Rows(
        ExpectedJobs expected, JobCounts counts, IReadOnlyList<(Job Job, TimeSpan Delay)> takeovers)
    {
        yield return new Row(
            What,
            FormattableString.Invariant(
                $"{expected.Jobs.Count} jobs: {counts.Completed} completed in {counts.Attempts} attempts ")
            + FormattableString.Invariant(
                $"({counts.Resumed} resumed), {counts.Cancelled} cancelled, {counts.Deleted} deleted"))
        {
            Goal = "each acknowledged job ends once, with the right results",
            Reached = true,
        };
        if (takeovers.Count > 0)
        {
            var delays = takeovers.Select(takeover => takeover.Delay.TotalSeconds).Order().ToArray();
            yield return new Row(
                $"{Name}: until the jobs of a lost node run elsewhere",
                FormattableString.Invariant(
                    $"{delays.Length} jobs, median {delays[delays.Length / 2]:F1} s, longest {delays[^1]:F1} s"));
        }
    }
}

/// <summary>How long faults last.</summary>
internal sealed record FaultLimits
{
    /// <summary>Number of faults.</summary>
    public int Faults { get; init; } = 6;

    /// <summary>Time between two faults.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Number of callers, each with one job.</summary>
    public int Callers { get; init; } = 16;

    /// <summary>The same seed gives the same choices.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>What a scenario found.</summary>
/// <param name="Rows">Rows of the table.</param>
/// <param name="Timeline">Timeline of a job that ran again elsewhere; empty if there is none.</param>
/// <param name="Counts">Jobs by outcome.</param>
internal sealed record FaultReport(IReadOnlyList<Row> Rows, IReadOnlyList<string> Timeline, JobCounts Counts);
