using ForegSyte.JobBenchmarks.Load;
using ForegSyte.JobBenchmarks.Measuring;
using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;
using ForegSyte.V1;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>GetJob of a job that was just submitted, and of any among many, in turns with the bare server.</summary>
internal sealed class GetPart : IBenchmarkPart
{
    private const int Jobs = 100_000;
    private const double RateGoal = 0.9;
    private const double P99Goal = 1.2;

    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(3);
    private static readonly int[] Callers = [64, 256];

    /// <inheritdoc />
    public string Name => "get";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Row>> RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var data = bench.Folder.File("get");
        await FinishedJobs.MakeAsync(data, Jobs, bench.VideoPath, cancellationToken);
        await using var service = await JobServiceProcess.StartAsync(data, cancellationToken);
        var recent = await service.Client.SubmitVideoAsync(
            Calls.SubmitRequest(bench.VideoPath), cancellationToken: cancellationToken);
        var recentIds = bench.Folder.File("recent-ids");
        await File.WriteAllTextAsync(recentIds, recent.Job.JobId, cancellationToken);
        var request = new GetJobRequest { JobId = recent.Job.JobId };
        var response = await service.Client.GetJobAsync(request, cancellationToken: cancellationToken);

        var rows = new List<Row>();
        foreach (var callers in Callers)
        {
            var get = new LoadOrder
            {
                Address = service.Address,
                Call = CallKind.Get,
                Concurrency = callers,
                Duration = LoadTime,
                JobIdsPath = recentIds,
            };
            var echo = get with
            {
                Address = bench.Echo.Address,
                Call = CallKind.Echo,
                RequestBytes = request.CalculateSize(),
                ResponseBytes = response.CalculateSize(),
            };
            var random = get with { JobIdsPath = FinishedJobs.SamplePath(data) };
            var results = await InTurnsAsync(
                bench, [(echo, bench.Echo.Id), (get, service.Id), (random, service.Id)], cancellationToken);
            rows.AddRange(Compare(
                FormattableString.Invariant($"GetJob of a new job, {callers} callers"), results[0], results[1]));
            rows.AddRange(Compare(
                FormattableString.Invariant($"GetJob of any of {Jobs:N0} finished jobs, {callers} callers"),
                results[0], results[2]));
        }

        return rows;
    }

    private static async Task<List<LoadResult>[]> InTurnsAsync(
        Bench bench, (LoadOrder Order, int ServerId)[] orders, CancellationToken cancellationToken)
    {
        var results = orders.Select(_ => new List<LoadResult>()).ToArray();
        foreach (var (order, _) in orders)
        {
            (await bench.Load.RunAsync(order, cancellationToken)).Clean();
        }

        for (var round = 0; round < Rounds.Count; round++)
        {
            for (var i = 0; i < orders.Length; i++)
            {
                var (order, serverId) = orders[i];
                results[i].Add((await bench.Load.RunAsync(order, serverId, cancellationToken)).Clean());
            }

            await Bench.SayAsync(FormattableString.Invariant(
                $"get, {orders[0].Order.Concurrency} callers: echo {results[0][^1].PerSecond:F0}/s, ")
                + FormattableString.Invariant(
                    $"a new job {results[1][^1].PerSecond:F0}/s, any {results[2][^1].PerSecond:F0}/s"));
        }

        return results;
    }

    private static Row[] Compare(string what, List<LoadResult> echo, List<LoadResult> get) =>
    [
        Row.AtLeast(what, get.MedianPerSecond(), "/s", "bare gRPC echo", echo.MedianPerSecond(), RateGoal),
        Row.AtMost($"{what}, p99", P99(get), "ms", "bare gRPC echo", P99(echo), P99Goal),
        Row.Compared(
            $"{what}: processor time of the server for a call", get.MedianServerMicroseconds(), "µs", "bare gRPC echo",
            echo.MedianServerMicroseconds()),
    ];

    private static double P99(IEnumerable<LoadResult> results) =>
        results.Select(result => result.P99.TotalMilliseconds).Median();
}
