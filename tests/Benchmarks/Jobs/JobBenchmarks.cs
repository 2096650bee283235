using System.CommandLine;
using System.Globalization;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Jobs;

/// <summary>Inputs of the job benchmarks.</summary>
/// <param name="VideoPath">A valid MP4 with one small frame.</param>
/// <param name="Sizes">Numbers of finished jobs to compare, ascending.</param>
internal sealed record JobInputs(string VideoPath, IReadOnlyList<int> Sizes);

/// <summary>The command `jobs`: throughput, latency, memory and recovery of the JobService.</summary>
internal static class JobBenchmarks
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(12);

    private static readonly int[] DefaultSizes = [1_000, 100_000, 1_000_000];

    private static readonly (string Name, Func<BenchmarkRun, JobInputs, Task> MeasureAsync)[] All =
    [
        ("submit", SubmitBenchmark.MeasureAsync), ("postgresql", SubmitBenchmark.MeasureOnPostgreSqlAsync),
        ("get", GetBenchmark.MeasureAsync),
        ("sizes", SizesBenchmark.MeasureAsync), ("recovery", RecoveryBenchmark.MeasureAsync),
        ("hangfire", HangfireBenchmark.MeasureAsync), ("artifacts", MeasureArtifactsAsync),
        ("waiters", WaitersBenchmark.MeasureAsync), ("nodes", WaitersBenchmark.MeasureOnAnotherNodeAsync),
        ("search", SearchBenchmark.MeasureAsync), ("telemetry", TelemetryBenchmark.MeasureAsync),
    ];

    public static Command Command()
    {
        var names = All.Select(benchmark => benchmark.Name).ToList();
        var parts = new Option<string>("--parts")
        {
            Description = $"Comma-separated benchmarks: {string.Join(", ", names)}. Default: all.",
            DefaultValueFactory = _ => "",
        };
        var sizes = new Option<string>("--sizes")
        {
            Description = "Comma-separated numbers of finished jobs to compare.",
            DefaultValueFactory = _ => "",
        };
        var command = new Command("jobs", "Measures the JobService.") { parts, sizes };
        command.SetAction((arguments, cancellationToken) =>
        {
            var chosen = NameList.Choose(arguments.GetValue(parts)!, names);
            var counts = SizesOf(arguments.GetValue(sizes)!);
            return BenchmarkRun.RunAsync(
                "bench-jobs", TimeLimit, run => PrepareAsync(run, chosen, counts), cancellationToken);
        });
        return command;
    }

    private static async Task<IEnumerable<Benchmark>> PrepareAsync(
        BenchmarkRun run, IReadOnlyList<string> chosen, int[] sizes)
    {
        var clip = await Clips.MakeAsync(
            run.Folder.File("clip.mp4"), "-f", "lavfi", "-i", "color=c=gray:s=16x16:r=1", "-frames:v", "1",
            "-c:v", "libx264", "-pix_fmt", "yuv420p");
        run.Facts.Add(FormattableString.Invariant($"video of {new FileInfo(clip).Length} bytes"));
        var inputs = new JobInputs(clip, sizes);
        return All.Where(benchmark => chosen.Contains(benchmark.Name))
            .Select(benchmark => new Benchmark(benchmark.Name, run => benchmark.MeasureAsync(run, inputs)));
    }

    private static int[] SizesOf(string sizes) => sizes.Length == 0
        ? DefaultSizes
        : [.. NameList.Split(sizes)
            .Select(size => int.Parse(size, NumberStyles.None, CultureInfo.InvariantCulture)).Order()];

    /// <summary>
    /// Start-up when every finished job still has its video, since the service scans its storage at start. Creating a
    /// million files takes most of the time.
    /// </summary>
    private static async Task MeasureArtifactsAsync(BenchmarkRun run, JobInputs inputs)
    {
        const double StartGoalSeconds = 3;
        var jobs = inputs.Sizes[^1];
        var data = run.Folder.File("artifacts");
        await BenchmarkRun.LogAsync(FormattableString.Invariant(
            $"artifacts: creating {jobs:N0} finished jobs with a file each"));
        await FinishedJobs.MakeAsync(data, jobs, inputs.VideoPath, run.Cancellation);
        await FinishedJobs.AddVideosAsync(data, run.Cancellation);
        var seconds = new List<double>();
        for (var round = 0; round < BenchmarkRun.Rounds; round++)
        {
            await using var service = await JobServiceProcess.StartAsync(data, run.Cancellation);
            seconds.Add(service.StartTime.TotalSeconds);
            await service.StopAsync();
        }

        run.Rows.Add(Row.Maximum(
            FormattableString.Invariant($"start to SERVING, {jobs:N0} jobs with a video file each"),
            seconds.Median(), "s", StartGoalSeconds));
    }
}
