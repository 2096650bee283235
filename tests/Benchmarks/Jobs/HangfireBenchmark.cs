using ForegSyte.Benchmarks.Load;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.Testing.Servers;

namespace ForegSyte.Benchmarks.Jobs;

/// <summary>
/// The same work on a peer: Hangfire on PostgreSQL. Hangfire's callers are threads of its own process and call only the
/// database; the JobService is called over gRPC. Both make the same video durable.
/// </summary>
internal static class HangfireBenchmark
{
    private const int Callers = 64;
    private const int MaxCallsPerRound = 20_000;

    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ShortInvisibility = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RestartTimeout = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    public static async Task MeasureAsync(BenchmarkRun run, JobInputs inputs)
    {
        PostgresServer server;
        try
        {
            await HangfireProgram.BuildAsync(run.Cancellation);
            server = await PostgresServer.StartNewAsync();
        }
        catch (InvalidOperationException missing)
        {
            run.Rows.Add(new Row("Hangfire on PostgreSQL", $"skipped: {missing.Message}"));
            return;
        }

        await using (server)
        {
            var postgres = $"{server.ConnectionString()};Maximum Pool Size=64;Timeout=60";
            run.Rows.Add(await CompareRatesAsync(run, postgres, inputs.VideoPath));
            await BenchmarkRun.LogAsync("hangfire: killing workers during a job");
            run.Rows.AddRange(await Task.WhenAll(
                KillWorkerAsync(run, postgres, "loss_default", TimeSpan.Zero),
                KillWorkerAsync(run, postgres, "loss_short", ShortInvisibility)));
        }
    }

    private static async Task<Row> CompareRatesAsync(BenchmarkRun run, string postgres, string videoPath)
    {
        await using var load = new LoadProcess();
        await using var hangfire = await HangfireProgram.StartAsync(
            postgres, "rates", TimeSpan.Zero, run.Cancellation);
        await using var service = await JobServiceProcess.StartAsync(run.Folder.File("hangfire"), run.Cancellation);
        var submit = new LoadOrder
        {
            Address = service.Address,
            Call = CallKind.Submit,
            Concurrency = Callers,
            Duration = LoadTime,
            MaxCalls = MaxCallsPerRound,
            VideoPath = videoPath,
        };
        var (peer, own) = (new List<double>(), new List<double>());

        // The first round is the warm-up and does not count.
        for (var round = 0; round <= BenchmarkRun.Rounds; round++)
        {
            peer.Add(await hangfire.EnqueueAsync(Callers, LoadTime, videoPath, run.Cancellation));
            own.Add((await load.RunAsync(submit, run.Cancellation)).Clean().PerSecond);
            await BenchmarkRun.LogAsync(FormattableString.Invariant(
                $"hangfire: {peer[^1]:F0} jobs/s, SubmitVideo {own[^1]:F0}/s"));
        }

        return Row.Compared(
            FormattableString.Invariant($"SubmitVideo, {Callers} callers"), own.Skip(1).Median(), "/s",
            "Hangfire on PostgreSQL, enqueue", peer.Skip(1).Median());
    }

    /// <summary>Kills a Hangfire worker during a job and waits for another worker to run the job again.</summary>
    private static async Task<Row> KillWorkerAsync(
        BenchmarkRun run, string postgres, string schema, TimeSpan invisibility)
    {
        var record = run.Folder.File(schema);
        await using var first = await HangfireProgram.StartAsync(
            postgres, schema, invisibility, run.Cancellation);
        await first.AskAsync("serve", run.Cancellation);
        await first.AskAsync($"job {record}", run.Cancellation);
        if (await WaitForStartAsync(record, 1, run.Cancellation) is null)
        {
            throw new InvalidOperationException("The Hangfire worker did not start its job.");
        }

        await first.KillAsync();
        await using var second = await HangfireProgram.StartAsync(
            postgres, schema, invisibility, run.Cancellation);
        await second.AskAsync("serve", run.Cancellation);
        var again = await WaitForStartAsync(record, 2, run.Cancellation);
        return new Row(
            $"Hangfire, SIGKILL of the worker during a job, invisibility timeout {second.Invisibility}",
            again is { } after
                ? FormattableString.Invariant($"restarted {after.TotalSeconds:F0} s after the new worker's start")
                : FormattableString.Invariant($"not restarted within {RestartTimeout.TotalSeconds:F0} s"));
    }

    /// <summary>Time until the job has started so many times; null after the timeout.</summary>
    private static async Task<TimeSpan?> WaitForStartAsync(
        string record, int times, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < RestartTimeout)
        {
            if (File.Exists(record) && File.ReadLines(record).Count(line => line == "start") >= times)
            {
                return TimeProvider.System.GetElapsedTime(start);
            }

            await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
        }

        return null;
    }
}
