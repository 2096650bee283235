using System.Globalization;
using ForegSyte.Inference.Models;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Frames;

/// <summary>
/// Jobs with adaptive sampling against the same jobs with a look at every frame, and against the fastest peer, which
/// looks at every frame. The clips are the sample at 10 frames/s, the same at 30 frames/s (interpolated by ffmpeg), a
/// still scene, and noise that changes everywhere.
/// </summary>
internal static class AdaptiveBenchmark
{
    private const string ModelId = "nanodet_g_416";
    private const string Unit = "frames/s";

    /// <summary>Times as fast as a look at every frame.</summary>
    private const double GoalAt10 = 3;

    private const double GoalAt30 = 4;
    private const double GoalAgainstPeer = 3;

    /// <summary>A scene that changes everywhere must not be slower: 0.03 is the spread of runs.</summary>
    private const double GoalForNoise = 0.97;

    public static async Task MeasureAsync(BenchmarkRun run)
    {
        var model = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"))
            .Find(ModelId)!;
        var peer = new NodePeer("onnxruntime-node, frames from a pipe of ffmpeg", "pipe");
        var missing = await peer.PrepareAsync(run.Cancellation);
        await using var services = new Installation();
        await services.StartAsync();
        await using var client = services.Client();
        var all = (await MakeClipsAsync(run.Folder))
            .SelectMany(clip => new[] { "detect_only", "yolo_ocr" }
                .Select(pipeline => new Figures(new Workload(clip.Clip, pipeline, 1), clip.Goal)))
            .ToList();
        foreach (var figures in all.Take(2))
        {
            await JobRun.WarmUpAsync(client, figures.Every, run.Cancellation);
        }

        try
        {
            await run.InTurnsAsync(all, MeasureRoundAsync);
        }
        finally
        {
            run.Rows.AddRange(all
                .Where(figures => figures.AdaptiveRuns.Count > 0)
                .SelectMany(figures => figures.ToRows()));
            if (missing is not null)
            {
                run.Rows.Add(new Row(peer.Name, $"skipped: {missing}"));
            }
        }

        async Task MeasureRoundAsync(Figures figures)
        {
            figures.EveryRuns.Add(await JobRun.RunAsync(client, figures.Every, run.Cancellation));
            figures.AdaptiveRuns.Add(await JobRun.RunAsync(client, figures.Adaptive, run.Cancellation));
            if (missing is null && figures.Every.PipelineId == "detect_only")
            {
                figures.PeerRuns.Add(await peer.RunAsync(model, figures.Every, run.Folder, run.Cancellation));
            }

            await BenchmarkRun.LogAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"adaptive, {figures.Every}: {figures.EveryRuns[^1].Seconds:F2} s, "
                + $"adaptive {figures.AdaptiveRuns[^1].Seconds:F2} s"));
        }
    }

    private static async Task<IReadOnlyList<(BenchmarkClip Clip, double Goal)>> MakeClipsAsync(WorkFolder folder)
    {
        string[] x264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"];
        var sample = await Clips.MakeAsync(
            folder.File("sample-10.mp4"), "-stream_loop", "2", "-i", RepositoryFiles.Pedestrians, "-c", "copy");
        var faster = await Clips.MakeAsync(
            folder.File("sample-30.mp4"), ["-i", sample, "-vf", "minterpolate=fps=30", "-frames:v", "600", .. x264]);
        var still = await Clips.MakeAsync(
            folder.File("still.mp4"),
            ["-i", RepositoryFiles.Pedestrians, "-vf", "loop=299:1,noise=alls=6:allf=t", "-frames:v", "300", .. x264]);
        var noise = await Clips.MakeAsync(
            folder.File("noise.mp4"),
            ["-f", "lavfi", "-i", "color=gray:size=768x576:rate=10", "-vf", "noise=alls=100:allf=t",
                "-frames:v", "100", .. x264]);
        return
        [
            (new BenchmarkClip("pedestrians at 10 frames/s", sample, 300, "768x576", 1, 1, 1), GoalAt10),
            (new BenchmarkClip("pedestrians at 30 frames/s", faster, 600, "768x576", 1, 1, 1), GoalAt30),
            (new BenchmarkClip("still scene at 10 frames/s", still, 300, "768x576", 1, 1, 1), GoalAt10),
            (new BenchmarkClip("noise", noise, 100, "768x576", 1, 1, 1), GoalForNoise),
        ];
    }

    /// <summary>Measurements of one workload; each list has one value per round.</summary>
    private sealed class Figures(Workload every, double goal)
    {
        public Workload Every { get; } = every;

        public Workload Adaptive { get; } = every with { Sampling = Sampling.Adaptive };

        public List<JobRun> EveryRuns { get; } = [];

        public List<JobRun> AdaptiveRuns { get; } = [];

        public List<PeerRun> PeerRuns { get; } = [];

        public IEnumerable<Row> ToRows()
        {
            var rate = Rate(AdaptiveRuns.Select(run => run.Seconds));
            var what = $"adaptive, {Every}{FrameBenchmarks.RoundsNote(AdaptiveRuns.Count)}";
            yield return Row.AtLeast(
                what, rate, Unit, "a look at every frame", Rate(EveryRuns.Select(run => run.Seconds)), goal);
            if (PeerRuns.Count > 0 && goal > 1)
            {
                yield return Row.AtLeast(
                    what, rate, Unit, "onnxruntime-node, frames from a pipe of ffmpeg",
                    Rate(PeerRuns.Select(run => run.Seconds)), GoalAgainstPeer);
            }
        }

        private double Rate(IEnumerable<double> seconds) => Every.Frames / seconds.Median();
    }
}
