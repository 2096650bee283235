using ForegSyte.JobBenchmarks.Load;
using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>
/// The same work on a peer: Hangfire on PostgreSQL. Its callers are threads of its own process and make no network call
/// but that to the database; the JobService is called over gRPC. Both make the same video durable.
/// </summary>
internal sealed class HangfirePart : IBenchmarkPart
{
    private const int MaxCallsPerRound = 20_000;

    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(3);
    private static readonly int[] Callers = [64, 256];

    /// <inheritdoc />
    public string Name => "hangfire";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Row>> RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        PostgresProcess postgres;
        try
        {
            await HangfireProgram.BuildAsync(cancellationToken);
            postgres = await PostgresProcess.StartAsync(bench.Folder.File("postgres"), cancellationToken);
        }
        catch (InvalidOperationException missing)
        {
            return [new Row("Hangfire on PostgreSQL", $"skipped: {missing.Message}")];
        }

        await using (postgres)
        {
            var rows = new List<Row>();
            foreach (var callers in Callers)
            {
                rows.Add(await CompareAsync(bench, postgres, callers, cancellationToken));
            }

            await Bench.SayAsync("hangfire: killing workers in mid-job");
            rows.AddRange(await WorkerLoss.MeasureAsync(bench.Folder, postgres, cancellationToken));
            return rows;
        }
    }

    private static async Task<Row> CompareAsync(
        Bench bench, PostgresProcess postgres, int callers, CancellationToken cancellationToken)
    {
        await using var hangfire = await HangfireProgram.StartAsync(
            postgres.ConnectionString, "rates", TimeSpan.Zero, cancellationToken);
        await using var service = await JobServiceProcess.StartAsync(
            bench.Folder.File(FormattableString.Invariant($"hangfire-{callers}")), cancellationToken);
        var submit = new LoadOrder
        {
            Address = service.Address,
            Call = CallKind.Submit,
            Concurrency = callers,
            Duration = LoadTime,
            MaxCalls = MaxCallsPerRound,
            VideoPath = bench.VideoPath,
        };
        var (peers, own) = (new List<double>(), new List<double>());

        // The first round warms up and does not count.
        for (var round = 0; round <= Rounds.Count; round++)
        {
            peers.Add(await hangfire.EnqueueAsync(callers, LoadTime, bench.VideoPath, cancellationToken));
            own.Add((await bench.Load.RunAsync(submit, cancellationToken)).Clean().PerSecond);
            await Bench.SayAsync(FormattableString.Invariant(
                $"hangfire, {callers} callers: {peers[^1]:F0} jobs/s, SubmitVideo {own[^1]:F0}/s"));
        }

        return Row.Compared(
            FormattableString.Invariant($"SubmitVideo, {callers} callers"), own.Skip(1).Median(), "/s",
            "Hangfire on PostgreSQL, enqueue", peers.Skip(1).Median());
    }
}
