using ForegSyte.JobBenchmarks.Load;
using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;
using ForegSyte.V1;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>The JobService is killed under submissions and started again over the same data.</summary>
internal sealed class RecoveryPart : IBenchmarkPart
{
    private const int Callers = 64;
    private const int Checkers = 16;
    private const double GoalSeconds = 2;

    private static readonly TimeSpan LoadBeforeKill = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <inheritdoc />
    public string Name => "recovery";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Row>> RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var data = bench.Folder.File("recovery");
        var seconds = new List<double>();
        var (acknowledged, found) = (0, 0);
        for (var round = 0; round < Rounds.Count; round++)
        {
            var ids = bench.Folder.File(FormattableString.Invariant($"acknowledged-{round}"));
            await LoadAndKillAsync(bench, data, ids, cancellationToken);
            var last = File.ReadLines(ids).Last();

            var start = TimeProvider.System.GetTimestamp();
            await using var service = await JobServiceProcess.StartAsync(data, cancellationToken);
            await service.Client.GetJobAsync(new GetJobRequest { JobId = last }, cancellationToken: cancellationToken);
            seconds.Add(TimeProvider.System.GetElapsedTime(start).TotalSeconds);

            var check = await bench.Load.RunAsync(
                new LoadOrder
                {
                    Address = service.Address,
                    Call = CallKind.Get,
                    Concurrency = Checkers,
                    Duration = Limit,
                    JobIdsPath = ids,
                    EachOnce = true,
                },
                cancellationToken);
            var made = File.ReadLines(ids).Count();
            (acknowledged, found) = (acknowledged + made, found + check.Calls);
            await Bench.SayAsync(FormattableString.Invariant(
                $"recovery: {seconds[^1]:F2} s, {check.Calls} of {made} acknowledged jobs found"));
        }

        return
        [
            Row.Within(
                "kill -9 under submissions: from the new start to GetJob of the last acknowledged job",
                seconds.Median(), "s", GoalSeconds),
            new Row("jobs found again", FormattableString.Invariant($"{found:N0}"))
            {
                Baseline = FormattableString.Invariant($"acknowledged before the kill: {acknowledged:N0}"),
                Ratio = (double)found / acknowledged,
                Goal = "all",
                Reached = found == acknowledged,
            },
        ];
    }

    private static async Task LoadAndKillAsync(
        Bench bench, string data, string ids, CancellationToken cancellationToken)
    {
        await using var service = await JobServiceProcess.StartAsync(data, cancellationToken);
        var load = bench.Load.RunAsync(
            new LoadOrder
            {
                Address = service.Address,
                Call = CallKind.Submit,
                Concurrency = Callers,
                Duration = Limit,
                VideoPath = bench.VideoPath,
                AcknowledgedPath = ids,
            },
            cancellationToken);
        await Task.Delay(LoadBeforeKill, TimeProvider.System, cancellationToken);
        await service.KillAsync();
        var result = await load;
        if (result.Calls == 0 || result.Failures < Callers)
        {
            throw new InvalidOperationException($"The load ended before the kill: {result}");
        }
    }
}
