using ForegSyte.Benchmarks.Load;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.Testing.Servers;

namespace ForegSyte.Benchmarks.Jobs;

/// <summary>Rate and latency of durable submissions.</summary>
internal static class SubmitBenchmark
{
    private const int Callers = 64;
    private const double RateGoal = 1_000;
    private const double P99GoalMilliseconds = 150;

    /// <summary>All rounds together stay below the default limit of the queue.</summary>
    private const int MaxCallsPerRound = 20_000;

    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(3);

    public static Task MeasureAsync(BenchmarkRun run, JobInputs inputs) =>
        MeasureAsync(run, inputs, "SubmitVideo", new Dictionary<string, string>());

    /// <summary>The same with the jobs in a PostgreSQL on this machine.</summary>
    public static async Task MeasureOnPostgreSqlAsync(BenchmarkRun run, JobInputs inputs)
    {
        const string What = "SubmitVideo with Store=PostgreSql";
        if (PostgresServer.MissingReason is { } reason)
        {
            run.Rows.Add(new Row(What, $"skipped: {reason}"));
            return;
        }

        await using var server = await PostgresServer.StartNewAsync();
        await MeasureAsync(run, inputs, What, new Dictionary<string, string>
        {
            ["Store"] = "PostgreSql",
            ["PostgreSql:ConnectionString"] = await server.CreateDatabaseAsync(),
        });
    }

    private static async Task MeasureAsync(
        BenchmarkRun run, JobInputs inputs, string name, Dictionary<string, string> settings)
    {
        await using var load = new LoadProcess();
        await using var service = await JobServiceProcess.StartAsync(
            run.Folder.File($"submit{settings.Count}"), run.Cancellation, settings);
        var order = new LoadOrder
        {
            Address = service.Address,
            Call = CallKind.Submit,
            Concurrency = Callers,
            Duration = LoadTime,
            MaxCalls = MaxCallsPerRound,
            VideoPath = inputs.VideoPath,
        };
        (await load.RunAsync(order, run.Cancellation)).Clean();
        var results = new List<LoadResult>();
        for (var round = 0; round < BenchmarkRun.Rounds; round++)
        {
            results.Add((await load.RunAsync(order, service.Id, run.Cancellation)).Clean());
            await BenchmarkRun.LogAsync(FormattableString.Invariant(
                $"{name}: {results[^1].PerSecond:F0}/s, p99 {results[^1].P99.TotalMilliseconds:F0} ms"));
        }

        var what = FormattableString.Invariant($"{name}, {Callers} callers");
        run.Rows.Add(Row.Minimum(what, results.MedianPerSecond(), "/s", RateGoal));
        run.Rows.Add(Row.Maximum($"{what}: p99", results.MedianP99Milliseconds(), "ms", P99GoalMilliseconds));
        run.Rows.Add(new Row(
            $"{what}: processor time of the server per call", Row.Text(results.MedianServerMicroseconds(), "µs")));
    }
}
