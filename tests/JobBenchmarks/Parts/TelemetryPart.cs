using ForegSyte.Client;
using ForegSyte.JobBenchmarks.Load;
using ForegSyte.JobBenchmarks.Measuring;
using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>
/// What telemetry costs: whole jobs through both services, and the calls that come most often, in turns with services
/// that export nothing. The collector takes its share of the same processors.
/// </summary>
internal sealed class TelemetryPart : IBenchmarkPart
{
    /// <summary>Telemetry may cost 2 % of the throughput.</summary>
    private const double Goal = 0.98;

    private const int Callers = 64;

    /// <summary>All rounds together stay below the default of the queue's limit.</summary>
    private const int MaxCallsPerRound = 15_000;

    private const int JobRounds = 9;
    private const int CallRounds = 5;
    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public string Name => "telemetry";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Row>> RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        await using var collector = await BareServerProcess.StartAsync(cancellationToken, "collector");
        TelemetryLevel[] levels =
            [TelemetryLevel.Off, TelemetryLevel.MetricsTo(collector.Address), TelemetryLevel.AllTo(collector.Address)];
        return
        [
            await WholeJobsAsync(levels[0], levels[^1], cancellationToken),
            .. await CallsAsync(bench, levels, cancellationToken),
        ];
    }

    private static async Task<Row> WholeJobsAsync(
        TelemetryLevel off, TelemetryLevel on, CancellationToken cancellationToken)
    {
        await using var without = new Installation(off.Settings, off.Settings);
        await using var with = new Installation(on.Settings, on.Settings);
        await without.StartAsync();
        await with.StartAsync();
        var (rates, baseline) = (new List<double>(), new List<double>());

        // The first round warms up and does not count.
        for (var round = 0; round <= JobRounds; round++)
        {
            baseline.Add(await FramesPerSecondAsync(without, cancellationToken));
            rates.Add(await FramesPerSecondAsync(with, cancellationToken));
            await Bench.SayAsync(FormattableString.Invariant(
                $"telemetry, whole jobs: off {baseline[^1]:F1}, on {rates[^1]:F1} frames/s"));
        }

        return Row.AtLeast(
            $"whole jobs, detect_only, one at a time, {JobRounds} rounds: {on.Name}", rates.Skip(1).Median(),
            "frames/s", off.Name, baseline.Skip(1).Median(), Goal);
    }

    private static async Task<double> FramesPerSecondAsync(Installation services, CancellationToken cancellationToken)
    {
        await using var client = services.Client();
        var start = TimeProvider.System.GetTimestamp();
        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "detect_only" }, cancellationToken);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: cancellationToken);
        return job.Status == JobStatus.Completed
            ? job.Summary.Frames.Analyzed / TimeProvider.System.GetElapsedTime(start).TotalSeconds
            : throw new InvalidOperationException($"The job ended as {job.Status}: {job.ErrorMessage}");
    }

    private static async Task<IReadOnlyList<Row>> CallsAsync(
        Bench bench, TelemetryLevel[] levels, CancellationToken cancellationToken)
    {
        var services = new List<JobServiceProcess>();
        try
        {
            foreach (var level in levels)
            {
                services.Add(await JobServiceProcess.StartAsync(
                    bench.Folder.File($"telemetry-{services.Count}"), cancellationToken, level.Settings));
            }

            var rows = new List<Row>();
            foreach (var call in new[] { CallKind.Submit, CallKind.Get })
            {
                var results = await InTurnsAsync(bench, services, call, cancellationToken);
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
        Bench bench, List<JobServiceProcess> services, CallKind call, CancellationToken cancellationToken)
    {
        var orders = new List<LoadOrder>();
        foreach (var service in services)
        {
            orders.Add(await OrderAsync(bench, service, call, cancellationToken));
            (await bench.Load.RunAsync(orders[^1], cancellationToken)).Clean();
        }

        var results = services.Select(_ => new List<LoadResult>()).ToArray();
        for (var round = 0; round < CallRounds; round++)
        {
            for (var i = 0; i < services.Count; i++)
            {
                results[i].Add((await bench.Load.RunAsync(orders[i], services[i].Id, cancellationToken)).Clean());
            }

            await Bench.SayAsync($"telemetry, {call}: " + string.Join(
                ", ", results.Select(of => FormattableString.Invariant($"{of[^1].PerSecond:F0}/s"))));
        }

        return results;
    }

    private static async Task<LoadOrder> OrderAsync(
        Bench bench, JobServiceProcess service, CallKind call, CancellationToken cancellationToken)
    {
        var job = (await service.Client.SubmitVideoAsync(
            Calls.SubmitRequest(bench.VideoPath), cancellationToken: cancellationToken)).Job;
        var ids = bench.Folder.File(FormattableString.Invariant($"telemetry-{service.Id}-{call}"));
        await File.WriteAllTextAsync(ids, job.JobId, cancellationToken);
        return new LoadOrder
        {
            Address = service.Address,
            Call = call,
            Concurrency = Callers,
            Duration = LoadTime,
            MaxCalls = call == CallKind.Submit ? MaxCallsPerRound : int.MaxValue,
            VideoPath = bench.VideoPath,
            JobIdsPath = ids,
        };
    }

    private static Row[] Compare(CallKind call, TelemetryLevel level, List<LoadResult> off, List<LoadResult> on)
    {
        var what = FormattableString.Invariant($"{call} calls, {Callers} callers, {CallRounds} rounds: {level.Name}");
        return
        [
            Row.Compared(what, on.MedianPerSecond(), "/s", "off", off.MedianPerSecond()),
            Row.Compared(
                $"{what}: processor time of the server for a call", on.MedianServerMicroseconds(), "µs", "off",
                off.MedianServerMicroseconds()),
        ];
    }
}
