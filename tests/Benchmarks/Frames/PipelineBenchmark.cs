using System.Globalization;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.Inference.Models;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Benchmarks.Frames;

/// <summary>
/// Whole jobs of every pipeline against the baseline: the same model runs by ONNX Runtime alone, and ffmpeg's own
/// decoding of the same frames.
/// </summary>
internal static class PipelineBenchmark
{
    public static async Task MeasureAsync(BenchmarkRun run, IReadOnlyList<BenchmarkClip> clips)
    {
        var device = new InferenceDevice(Options.Create(new DeviceOptions()), NullLogger<InferenceDevice>.Instance);
        var catalogue = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));
        var all = new List<Figures>();
        foreach (var workload in clips.SelectMany(Workloads))
        {
            await BenchmarkRun.LogAsync($"pipelines: recording {workload}");
            all.Add(new Figures(
                workload, await RecordingService.RecordAsync(workload, run.Folder, run.Cancellation)));
        }

        var cores = Environment.ProcessorCount;
        var inputs = all.SelectMany(figures => figures.Recording.Inputs).Distinct().ToList();
        using var sequential = new ModelBaseline(catalogue, device, inputs, threads: cores, parallelism: 1);
        using var parallel = new ModelBaseline(catalogue, device, inputs, threads: 1, parallelism: cores);
        await using var services = new Installation();
        await services.StartAsync();
        await using var client = services.Client();
        foreach (var figures in all.DistinctBy(figures => figures.Workload.PipelineId))
        {
            await JobRun.WarmUpAsync(client, figures.Workload, run.Cancellation);
        }

        try
        {
            await run.InTurnsAsync(all, MeasureRoundAsync);
        }
        finally
        {
            // The time limit can end the benchmark in the middle of a round.
            run.Rows.AddRange(all.Where(figures => figures.IsMeasured).SelectMany(figures => figures.ToRows()));
        }

        async Task MeasureRoundAsync(Figures figures)
        {
            var before = ServicesProcessorSeconds();
            figures.Jobs.Add(await JobRun.RunAsync(client, figures.Workload, run.Cancellation));
            figures.JobProcessor.Add(ServicesProcessorSeconds() - before);
            var own = ProcessorTime.SecondsOf(Environment.ProcessId);
            figures.Models.Add(sequential.Run(figures.Recording.Inputs, run.Cancellation));
            figures.Decode.Add(await FfmpegDecode.RunAsync(figures.Workload, run.Cancellation));
            figures.BaselineProcessor.Add(ProcessorTime.SecondsOf(Environment.ProcessId) - own);
            figures.ParallelModels.Add(parallel.Run(figures.Recording.Inputs, run.Cancellation));
            await BenchmarkRun.LogAsync(figures.LatestRound());
        }

        double ServicesProcessorSeconds() =>
            ProcessorTime.SecondsOf(services.InferenceService.Id) + ProcessorTime.SecondsOf(services.JobService.Id);
    }

    private static IEnumerable<Workload> Workloads(BenchmarkClip clip) =>
    [
        new(clip, "detect_only", 1), new(clip, "ocr_only", clip.TextStride), new(clip, "yolo_ocr", clip.TextStride),
    ];

    /// <summary>Measurements of one workload; each list has one value per round, in seconds.</summary>
    private sealed class Figures(Workload workload, PipelineRecording recording)
    {
        private const double BaselineGoal = 0.95;
        private const string Unit = "frames/s";

        public Workload Workload { get; } = workload;

        public PipelineRecording Recording { get; } = recording;

        public List<JobRun> Jobs { get; } = [];

        /// <summary>Processor time of both services and their decoders over the job.</summary>
        public List<double> JobProcessor { get; } = [];

        /// <summary>Processor time of <see cref="Models"/> and <see cref="Decode"/> together.</summary>
        public List<double> BaselineProcessor { get; } = [];

        /// <summary>All model runs in sequence, on all cores.</summary>
        public List<double> Models { get; } = [];

        /// <summary>All model runs in parallel, on one core each.</summary>
        public List<double> ParallelModels { get; } = [];

        /// <summary>ffmpeg's decoding.</summary>
        public List<double> Decode { get; } = [];

        /// <summary>Whether at least one round is complete.</summary>
        public bool IsMeasured => ParallelModels.Count > 0;

        public IEnumerable<Row> ToRows()
        {
            var rate = Rate(Jobs.Select(job => job.Seconds).Median());
            var baseline = new FrameBaseline(Models.Median(), ParallelModels.Median(), Decode.Median());
            yield return Row.AtLeast(
                $"{Workload}{FrameBenchmarks.RoundsNote(Jobs.Count)}", rate, Unit, "baseline: models, then decoding",
                Rate(baseline.Sequential), BaselineGoal);
            yield return Row.Compared(
                $"{Workload}", rate, Unit, "models and decoding, each as if alone", Rate(baseline.Overlapped));
            yield return Row.Compared(
                $"{Workload}", rate, Unit, "models in parallel on one core each, then decoding",
                Rate(baseline.ParallelSequential));
            yield return Row.Compared(
                $"{Workload}: processor time per frame", PerFrame(JobProcessor.Median()), "ms", "models and decoding",
                PerFrame(BaselineProcessor.Median()));
            yield return new Row(
                $"{Workload}: found", FormattableString.Invariant(
                    $"{Jobs[0].Detections} objects, {Jobs[0].Lines} lines of text"));
            yield return new Row(
                $"{Workload}: baseline per frame",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"models {PerFrame(baseline.Models):F1} ms, ffmpeg {PerFrame(baseline.Decode):F1} ms, "
                    + $"{(double)Recording.Inputs.Count / Workload.Frames:F1} model runs"));
            yield return new Row(
                $"{Workload}: allocated per frame",
                FormattableString.Invariant($"{Recording.AllocatedBytes:N0} bytes of the garbage-collected heap"));
            yield return new Row($"{Workload}: shares of the time of a segment", string.Join(", ", Recording.Shares()));
        }

        public string LatestRound() => string.Create(
            CultureInfo.InvariantCulture,
            $"pipelines, {Workload}: {Jobs[^1].Seconds:F2} s; models {Models[^1]:F2} s, "
            + $"{ParallelModels[^1]:F2} s in parallel; decoding {Decode[^1]:F2} s");

        private double Rate(double seconds) => Workload.Frames / seconds;

        private double PerFrame(double seconds) => 1000 * seconds / Workload.Frames;
    }
}
