using ForegSyte.JobBenchmarks.Load;
using ForegSyte.JobBenchmarks.Measuring;
using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>Durable submissions a second, in turns with the disk's fsync and with the bare server.</summary>
internal sealed class SubmitPart : IBenchmarkPart
{
    /// <summary>All rounds together stay below the default of the queue's limit.</summary>
    private const int MaxCallsPerRound = 20_000;

    private const double EchoGoal = 0.25;

    private static readonly TimeSpan FsyncTime = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(3);

    private static readonly (int Callers, double FsyncGoal)[] Cases = [(64, 2), (256, 4)];

    /// <inheritdoc />
    public string Name => "submit";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Row>> RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var allFsyncs = new List<double>();
        var rows = new List<Row>();
        foreach (var (callers, fsyncGoal) in Cases)
        {
            var (fsyncs, echo, submit) = await MeasureAsync(bench, callers, cancellationToken);
            allFsyncs.AddRange(fsyncs);
            var what = FormattableString.Invariant($"SubmitVideo, {callers} callers");
            rows.Add(Row.AtLeast(what, submit.MedianPerSecond(), "/s", "fsync rate", fsyncs.Median(), fsyncGoal));
            rows.Add(Row.AtLeast(
                what, submit.MedianPerSecond(), "/s", "bare gRPC echo", echo.MedianPerSecond(), EchoGoal));
            rows.Add(Row.Compared(
                $"{what}: processor time of the server for a call", submit.MedianServerMicroseconds(), "µs",
                "bare gRPC echo", echo.MedianServerMicroseconds()));
            rows.Add(new Row(
                $"{what}: median and p99",
                $"{Milliseconds(submit, result => result.Median)} and "
                + $"{Milliseconds(submit, result => result.P99)} ms"));
        }

        var fsync = new Row("fsync rate: 256 B appended and synced, in sequence", Row.Text(allFsyncs.Median(), "/s"));
        return [fsync, .. rows];
    }

    private static async Task<(List<double> Fsync, List<LoadResult> Echo, List<LoadResult> Submit)> MeasureAsync(
        Bench bench, int callers, CancellationToken cancellationToken)
    {
        var data = bench.Folder.File(FormattableString.Invariant($"submit-{callers}"));
        await using var service = await JobServiceProcess.StartAsync(data, cancellationToken);
        var request = Calls.SubmitRequest(bench.VideoPath);
        var response = await service.Client.SubmitVideoAsync(request, cancellationToken: cancellationToken);
        var submit = new LoadOrder
        {
            Address = service.Address,
            Call = CallKind.Submit,
            Concurrency = callers,
            Duration = LoadTime,
            MaxCalls = MaxCallsPerRound,
            VideoPath = bench.VideoPath,
        };
        var echo = submit with
        {
            Address = bench.Echo.Address,
            Call = CallKind.Echo,
            MaxCalls = int.MaxValue,
            RequestBytes = request.CalculateSize(),
            ResponseBytes = response.CalculateSize(),
        };
        (await bench.Load.RunAsync(submit, cancellationToken)).Clean();
        (await bench.Load.RunAsync(echo, cancellationToken)).Clean();
        var (fsyncs, echoes, submits) = (new List<double>(), new List<LoadResult>(), new List<LoadResult>());
        for (var round = 0; round < Rounds.Count; round++)
        {
            fsyncs.Add(FsyncRate.Measure(bench.Folder.Path, FsyncTime));
            echoes.Add((await bench.Load.RunAsync(echo, bench.Echo.Id, cancellationToken)).Clean());
            submits.Add((await bench.Load.RunAsync(submit, service.Id, cancellationToken)).Clean());
            await Bench.SayAsync(FormattableString.Invariant(
                $"submit, {callers} callers: fsync {fsyncs[^1]:F0}/s, echo {echoes[^1].PerSecond:F0}/s, ")
                + FormattableString.Invariant($"submit {submits[^1].PerSecond:F0}/s"));
        }

        return (fsyncs, echoes, submits);
    }

    private static string Milliseconds(IEnumerable<LoadResult> results, Func<LoadResult, TimeSpan> value) =>
        FormattableString.Invariant($"{results.Select(result => value(result).TotalMilliseconds).Median():F1}");
}
