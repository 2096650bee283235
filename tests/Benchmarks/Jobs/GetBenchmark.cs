using ForegSyte.Benchmarks.Load;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Jobs;

/// <summary>Rate of GetJob of a recent job and of any of 100,000, in turn with the gRPC echo.</summary>
internal static class GetBenchmark
{
    private const int Callers = 64;
    private const int Jobs = 100_000;
    private const double RecentGoal = 0.5;
    private const double AnyGoal = 5_000;

    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(3);

    public static async Task MeasureAsync(BenchmarkRun run, JobInputs inputs)
    {
        var data = run.Folder.File("get");
        await FinishedJobs.MakeAsync(data, Jobs, inputs.VideoPath, run.Cancellation);
        await using var load = new LoadProcess();
        await using var echoServer = await BaselineServer.StartAsync("echo", run.Cancellation);
        await using var service = await JobServiceProcess.StartAsync(data, run.Cancellation);
        var recent = await service.Client.SubmitVideoAsync(
            Calls.SubmitRequest(inputs.VideoPath), cancellationToken: run.Cancellation);
        var recentIds = run.Folder.File("recent-ids");
        await File.WriteAllTextAsync(recentIds, recent.Job.JobId, run.Cancellation);
        var request = new GetJobRequest { JobId = recent.Job.JobId };
        var response = await service.Client.GetJobAsync(request, cancellationToken: run.Cancellation);

        var recentOrder = new LoadOrder
        {
            Address = service.Address,
            Call = CallKind.Get,
            Concurrency = Callers,
            Duration = LoadTime,
            JobIdsPath = recentIds,
        };
        var anyOrder = recentOrder with { JobIdsPath = FinishedJobs.SamplePath(data) };
        var echoOrder = recentOrder with
        {
            Address = echoServer.Address,
            Call = CallKind.Echo,
            RequestBytes = request.CalculateSize(),
            ResponseBytes = response.CalculateSize(),
        };
        (LoadOrder Order, int ServerId, List<LoadResult> Results)[] loads =
            [(echoOrder, echoServer.Id, []), (recentOrder, service.Id, []), (anyOrder, service.Id, [])];
        foreach (var (order, _, _) in loads)
        {
            // Warm-up.
            (await load.RunAsync(order, run.Cancellation)).Clean();
        }

        await run.InTurnsAsync(loads, async item =>
        {
            item.Results.Add((await load.RunAsync(item.Order, item.ServerId, run.Cancellation)).Clean());
            var ids = Path.GetFileName(item.Order.JobIdsPath);
            await BenchmarkRun.LogAsync(FormattableString.Invariant(
                $"get, {item.Order.Call} of {ids}: {item.Results[^1].PerSecond:F0}/s"));
        });
        var (echo, recentResults, any) = (loads[0].Results, loads[1].Results, loads[2].Results);
        var ofRecent = FormattableString.Invariant($"GetJob of a recent job, {Callers} callers");
        var ofAny = FormattableString.Invariant($"GetJob of any of {Jobs:N0} finished jobs, {Callers} callers");
        run.Rows.Add(Row.AtLeast(
            ofRecent, recentResults.MedianPerSecond(), "/s", "gRPC echo", echo.MedianPerSecond(), RecentGoal));
        run.Rows.AddRange(Details(ofRecent, recentResults, echo));
        run.Rows.Add(Row.Minimum(ofAny, any.MedianPerSecond(), "/s", AnyGoal));
        run.Rows.AddRange(Details(ofAny, any, echo));
    }

    private static Row[] Details(string what, List<LoadResult> get, List<LoadResult> echo) =>
    [
        Row.Compared($"{what}: p99", get.MedianP99Milliseconds(), "ms", "gRPC echo", echo.MedianP99Milliseconds()),
        Row.Compared(
            $"{what}: processor time of the server per call", get.MedianServerMicroseconds(), "µs", "gRPC echo",
            echo.MedianServerMicroseconds()),
    ];
}
