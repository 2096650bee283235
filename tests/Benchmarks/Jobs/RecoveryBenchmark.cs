using ForegSyte.Benchmarks.Load;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Jobs;

/// <summary>Kills the JobService under submissions and restarts it over the same data.</summary>
internal static class RecoveryBenchmark
{
    private const int Callers = 64;
    private const int Checkers = 16;
    private const double GoalSeconds = 2;

    private static readonly TimeSpan LoadBeforeKill = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    public static async Task MeasureAsync(BenchmarkRun run, JobInputs inputs)
    {
        await using var load = new LoadProcess();
        var data = run.Folder.File("recovery");
        var seconds = new List<double>();
        var (acknowledged, found) = (0, 0);
        for (var round = 0; round < BenchmarkRun.Rounds; round++)
        {
            var ids = run.Folder.File(FormattableString.Invariant($"acknowledged-{round}"));
            await LoadAndKillAsync(load, data, inputs.VideoPath, ids, run.Cancellation);
            var last = File.ReadLines(ids).Last();

            var start = TimeProvider.System.GetTimestamp();
            await using var service = await JobServiceProcess.StartAsync(data, run.Cancellation);
            await service.Client.GetJobAsync(new GetJobRequest { JobId = last }, cancellationToken: run.Cancellation);
            seconds.Add(TimeProvider.System.GetElapsedTime(start).TotalSeconds);

            var check = await load.RunAsync(
                new LoadOrder
                {
                    Address = service.Address,
                    Call = CallKind.Get,
                    Concurrency = Checkers,
                    Duration = Limit,
                    JobIdsPath = ids,
                    EachOnce = true,
                },
                run.Cancellation);
            var submitted = File.ReadLines(ids).Count();
            (acknowledged, found) = (acknowledged + submitted, found + check.Calls);
            await BenchmarkRun.LogAsync(FormattableString.Invariant(
                $"recovery: {seconds[^1]:F2} s, {check.Calls} of {submitted} acknowledged jobs found"));
        }

        run.Rows.Add(Row.Maximum(
            "kill -9 under submissions: from the restart to GetJob of the last acknowledged job",
            seconds.Median(), "s", GoalSeconds));
        run.Rows.Add(new Row("jobs found after the restart", FormattableString.Invariant($"{found:N0}"))
        {
            Baseline = FormattableString.Invariant($"acknowledged before the kill: {acknowledged:N0}"),
            Ratio = (double)found / acknowledged,
            Goal = "all",
            Reached = found == acknowledged,
        });
    }

    private static async Task LoadAndKillAsync(
        LoadProcess load, string data, string videoPath, string ids, CancellationToken cancellationToken)
    {
        await using var service = await JobServiceProcess.StartAsync(data, cancellationToken);
        var running = load.RunAsync(
            new LoadOrder
            {
                Address = service.Address,
                Call = CallKind.Submit,
                Concurrency = Callers,
                Duration = Limit,
                VideoPath = videoPath,
                AcknowledgedPath = ids,
            },
            cancellationToken);
        await Task.Delay(LoadBeforeKill, TimeProvider.System, cancellationToken);
        await service.KillAsync();
        var result = await running;
        if (result.Calls == 0 || result.Failures < Callers)
        {
            throw new InvalidOperationException($"The load ended before the kill: {result}");
        }
    }
}
