using ForegSyte.Benchmarks.Load;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Jobs;

/// <summary>
/// Cost of telemetry: whole jobs through both services, and the most frequent calls, in turn with services that export
/// nothing. The collector uses the same processors.
/// </summary>
internal static class TelemetryBenchmark
{
    private const double WholeJobsGoal = 0.98;
    private const int Callers = 64;

    /// <summary>All rounds together stay below the default limit of the queue.</summary>
    private const int MaxCallsPerRound = 15_000;

    private const int JobRounds = 9;
    private const int CallRounds = 5;
    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(2);

    public static async Task MeasureAsync(BenchmarkRun run, JobInputs inputs)
    {
        await using var collector = await BaselineServer.StartAsync("collector", run.Cancellation);
        var metrics = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.ToString(),
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
        };
        Level[] levels =
        [
            new("off", new Dictionary<string, string>()),
            new("metrics", new Dictionary<string, string>(metrics) { ["OTEL_TRACES_EXPORTER"] = "none" }),
            new("metrics and all traces", metrics),
        ];
        run.Rows.Add(await WholeJobsAsync(levels[0], levels[^1], run.Cancellation));
        run.Rows.AddRange(await CallsAsync(run, levels, inputs.VideoPath));
    }

    private static async Task<Row> WholeJobsAsync(Level off, Level on, CancellationToken cancellationToken)
    {
        await using var without = new Installation(off.Settings, off.Settings);
        await using var with = new Installation(on.Settings, on.Settings);
        await without.StartAsync();
        await with.StartAsync();
        var (rates, baseline) = (new List<double>(), new List<double>());

        // The first round is the warm-up and does not count.
        for (var round = 0; round <= JobRounds; round++)
        {
            baseline.Add(await FramesPerSecondAsync(without, cancellationToken));
            rates.Add(await FramesPerSecondAsync(with, cancellationToken));
            await BenchmarkRun.LogAsync(FormattableString.Invariant(
                $"telemetry, whole jobs: off {baseline[^1]:F1}, on {rates[^1]:F1} frames/s"));
        }

        return Row.AtLeast(
            $"whole jobs, detect_only, one at a time, {JobRounds} rounds: {on.Name}", rates.Skip(1).Median(),
            "frames/s", off.Name, baseline.Skip(1).Median(), WholeJobsGoal);
    }

    private static async Task<double> FramesPerSecondAsync(Installation services, CancellationToken cancellationToken)
    {
        await using var client = services.Client();
        var start = TimeProvider.System.GetTimestamp();
        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "detect_only" },
            cancellationToken: cancellationToken);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: cancellationToken);
        return job.Status == JobStatus.Completed
            ? job.Summary.Frames.Analyzed / TimeProvider.System.GetElapsedTime(start).TotalSeconds
            : throw new InvalidOperationException($"The job ended as {job.Status}: {job.ErrorMessage}");
    }

    private static async Task<IReadOnlyList<Row>> CallsAsync(BenchmarkRun run, Level[] levels, string videoPath)
    {
        await using var load = new LoadProcess();
        var services = new List<JobServiceProcess>();
        try
        {
            foreach (var level in levels)
            {
                services.Add(await JobServiceProcess.StartAsync(
                    run.Folder.File($"telemetry-{services.Count}"), run.Cancellation, level.Settings));
            }

            var rows = new List<Row>();
            foreach (var call in new[] { CallKind.Submit, CallKind.Get })
            {
                var results = await InTurnsAsync(run, load, services, call, videoPath);
                rows.AddRange(
                    levels.Skip(1).SelectMany((level, i) => Compare(call, level, results[0], results[i + 1])));
            }

            return rows;
        }
        finally
        {
            foreach (var service in services)
            {
                await service.DisposeAsync();
            }
        }
    }

    private static async Task<List<LoadResult>[]> InTurnsAsync(
        BenchmarkRun run, LoadProcess load, List<JobServiceProcess> services, CallKind call, string videoPath)
    {
        var orders = new List<LoadOrder>();
        foreach (var service in services)
        {
            orders.Add(await OrderAsync(run, service, call, videoPath));
            (await load.RunAsync(orders[^1], run.Cancellation)).Clean();
        }

        var results = services.Select(_ => new List<LoadResult>()).ToArray();
        for (var round = 0; round < CallRounds; round++)
        {
            for (var i = 0; i < services.Count; i++)
            {
                results[i].Add((await load.RunAsync(orders[i], services[i].Id, run.Cancellation)).Clean());
            }

            await BenchmarkRun.LogAsync($"telemetry, {call}: " + string.Join(
                ", ", results.Select(of => FormattableString.Invariant($"{of[^1].PerSecond:F0}/s"))));
        }

        return results;
    }

    private static async Task<LoadOrder> OrderAsync(
        BenchmarkRun run, JobServiceProcess service, CallKind call, string videoPath)
    {
        var job = (await service.Client.SubmitVideoAsync(
            Calls.SubmitRequest(videoPath), cancellationToken: run.Cancellation)).Job;
        var ids = run.Folder.File(FormattableString.Invariant($"telemetry-{service.Id}-{call}"));
        await File.WriteAllTextAsync(ids, job.JobId, run.Cancellation);
        return new LoadOrder
        {
            Address = service.Address,
            Call = call,
            Concurrency = Callers,
            Duration = LoadTime,
            MaxCalls = call == CallKind.Submit ? MaxCallsPerRound : int.MaxValue,
            VideoPath = videoPath,
            JobIdsPath = ids,
        };
    }

    private static Row[] Compare(CallKind call, Level level, List<LoadResult> off, List<LoadResult> on)
    {
        var what = FormattableString.Invariant($"{call} calls, {Callers} callers, {CallRounds} rounds: {level.Name}");
        return
        [
            Row.Compared(what, on.MedianPerSecond(), "/s", "off", off.MedianPerSecond()),
            Row.Compared(
                $"{what}: processor time of the server per call", on.MedianServerMicroseconds(), "µs", "off",
                off.MedianServerMicroseconds()),
        ];
    }

    /// <summary>How much the services export, and the settings for it.</summary>
    private sealed record Level(string Name, IReadOnlyDictionary<string, string> Settings);
}
