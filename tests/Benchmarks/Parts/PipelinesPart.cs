using ForegSyte.Benchmarks.Bare;
using ForegSyte.Benchmarks.Jobs;
using ForegSyte.Benchmarks.Recording;
using ForegSyte.Inference.Models;
using ForegSyte.Measuring;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Benchmarks.Parts;

/// <summary>
/// Whole jobs of every pipeline beside the floor: the same runs of the same models by ONNX Runtime alone, and ffmpeg's
/// own decoding of the same frames.
/// </summary>
internal sealed class PipelinesPart : IBenchmarkPart
{
    /// <inheritdoc />
    public string Name => "pipelines";

    /// <inheritdoc />
    public async Task RunAsync(Bench bench, List<Row> rows, CancellationToken cancellationToken)
    {
        var device = new InferenceDevice(Options.Create(new DeviceOptions()), NullLogger<InferenceDevice>.Instance);
        var catalogue = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));
        var figures = new List<PipelineFigures>();
        foreach (var workload in bench.Clips.SelectMany(Workloads))
        {
            await Bench.SayAsync($"pipelines: recording {workload}");
            figures.Add(new PipelineFigures(
                workload, await RecordingService.RecordAsync(workload, bench.Folder, cancellationToken)));
        }

        var cores = Environment.ProcessorCount;
        var inputs = figures.SelectMany(figure => figure.Recording.Inputs).Distinct().ToList();
        using var alone = new BareRuns(catalogue, device, inputs, threads: cores, atOnce: 1);
        using var together = new BareRuns(catalogue, device, inputs, threads: 1, atOnce: cores);
        await using var installation = new Installation();
        await installation.StartAsync();
        await using var client = installation.Client();
        foreach (var pipeline in figures.DistinctBy(figure => figure.Workload.PipelineId))
        {
            // Warms up the way of a job; the models are warm when a service serves.
            await JobRuns.RunAsync(
                client, pipeline.Workload with { Stride = pipeline.Workload.Clip.Frames / 2 }, cancellationToken);
        }

        try
        {
            await bench.InTurnsAsync(figures, MeasureAsync);
        }
        finally
        {
            // Also where the time limit ends the part in the middle of a round.
            rows.AddRange(figures.Where(figure => figure.IsMeasured).SelectMany(figure => figure.ToRows()));
        }

        async Task MeasureAsync(PipelineFigures figure)
        {
            var services = ServicesProcessorSeconds();
            figure.EndToEnd.Add(await JobRuns.RunAsync(client, figure.Workload, cancellationToken));
            figure.JobProcessor.Add(ServicesProcessorSeconds() - services);
            var own = ProcessorTime.SecondsOf(Environment.ProcessId);
            figure.Bare.Add(alone.Run(figure.Recording.Inputs, cancellationToken));
            figure.Decode.Add(await FfmpegDecode.RunAsync(figure.Workload, cancellationToken));
            figure.FloorProcessor.Add(ProcessorTime.SecondsOf(Environment.ProcessId) - own);
            figure.BareTogether.Add(together.Run(figure.Recording.Inputs, cancellationToken));
            await Bench.SayAsync(figure.ToString());
        }

        double ServicesProcessorSeconds() =>
            ProcessorTime.SecondsOf(installation.InferenceService.Id)
            + ProcessorTime.SecondsOf(installation.JobService.Id);
    }

    private static IEnumerable<Workload> Workloads(BenchmarkClip clip) =>
    [
        new(clip, "detect_only", 1), new(clip, "ocr_only", clip.TextStride), new(clip, "yolo_ocr", clip.TextStride),
    ];
}
