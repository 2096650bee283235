using System.CommandLine;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Benchmarks.Frames;

/// <summary>
/// The command `frames`: whole jobs against the bare models, against peers, with adaptive sampling, with and without
/// tracking, and over long videos.
/// </summary>
internal static class FrameBenchmarks
{
    private static readonly TimeSpan DefaultTimeLimit = TimeSpan.FromMinutes(12);

    /// <summary>The benchmarks, and the fraction of the time limit after which each starts no further round.</summary>
    private static readonly (string Name, Func<BenchmarkRun, IReadOnlyList<BenchmarkClip>, Task> MeasureAsync,
        double Until)[] All =
        [
            ("pipelines", PipelineBenchmark.MeasureAsync, 0.4), ("peers", PeerBenchmark.MeasureAsync, 0.6),
            ("adaptive", (run, _) => AdaptiveBenchmark.MeasureAsync(run), 0.75),
            ("tracking", TrackingBenchmark.MeasureAsync, 0.85), ("memory", MemoryBenchmark.MeasureAsync, 1),
        ];

    public static Command Command()
    {
        var names = All.Select(benchmark => benchmark.Name).ToList();
        var parts = new Option<string>("--parts")
        {
            Description = $"Comma-separated benchmarks: {string.Join(", ", names)}. Default: all.",
            DefaultValueFactory = _ => "",
        };
        var clips = new Option<string>("--clips")
        {
            Description = $"Comma-separated clips: {string.Join(", ", BenchmarkClip.Names)}. Default: all.",
            DefaultValueFactory = _ => "",
        };
        var minutes = new Option<string>("--minutes")
        {
            Description = "Time limit in minutes; raise it on a busy machine.",
            DefaultValueFactory = _ => "",
        };
        var command = new Command("frames", "Measures whole jobs.") { parts, clips, minutes };
        command.SetAction((arguments, cancellationToken) =>
        {
            var limit = arguments.GetValue(minutes)!;
            var chosen = NameList.Choose(arguments.GetValue(parts)!, names);
            var clipNames = NameList.Choose(arguments.GetValue(clips)!, BenchmarkClip.Names);
            return BenchmarkRun.RunAsync(
                "bench",
                limit.Length == 0
                    ? DefaultTimeLimit
                    : TimeSpan.FromMinutes(int.Parse(limit, NumberStyles.None, CultureInfo.InvariantCulture)),
                run => PrepareAsync(run, chosen, clipNames),
                cancellationToken);
        });
        return command;
    }

    private static async Task<IEnumerable<Benchmark>> PrepareAsync(
        BenchmarkRun run, IReadOnlyList<string> chosen, IReadOnlyList<string> clipNames)
    {
        var clips = await BenchmarkClip.PrepareAsync(clipNames, run.Folder);
        run.Facts.Add($"ONNX Runtime {OrtEnv.Instance().GetVersionString()}, "
            + await FfmpegDecode.VersionAsync(run.Cancellation));
        return All.Where(benchmark => chosen.Contains(benchmark.Name)).Select(benchmark => new Benchmark(
            benchmark.Name, run => benchmark.MeasureAsync(run, clips), benchmark.Until));
    }

    /// <summary>Suffix of a row with another number of rounds than usual; empty otherwise.</summary>
    public static string RoundsNote(int rounds) => rounds == BenchmarkRun.Rounds
        ? ""
        : FormattableString.Invariant($", {rounds} {(rounds == 1 ? "round" : "rounds")}");
}
