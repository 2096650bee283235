using ForegSyte.Inference.Models;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Benchmarks;

/// <summary>Compares whole jobs with bare ONNX Runtime on the committed clip; prints Markdown.</summary>
internal static class Program
{
    private const int Frames = 100;
    private const int Runs = 3;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(170);

    /// <summary>No round is begun after this; on a busy machine the table then says that it has fewer.</summary>
    private static readonly TimeSpan LastRoundStart = TimeSpan.FromSeconds(110);

    public static async Task<int> Main()
    {
        try
        {
            // A token and not a mere wait: the services have to be ended too.
            using var limit = new CancellationTokenSource(TimeLimit);
            await MeasureAsync(limit.Token);
            return 0;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(
                $"The benchmark did not end within {TimeLimit}; the machine is too busy.");
            return 1;
        }
    }

    private static async Task MeasureAsync(CancellationToken cancellationToken)
    {
        var clip = RepositoryFiles.Pedestrians;
        using var late = new CancellationTokenSource(LastRoundStart);
        var loadBefore = Machine.Load();

        // The floor has all processors for each run, whatever the service makes of them.
        var device = new InferenceDevice(
            Options.Create(new DeviceOptions { ConcurrentRuns = 1 }), NullLogger<InferenceDevice>.Instance);
        var catalogue = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));
        var measurements = await RecordAsync(catalogue, device, clip, cancellationToken);
        using var bare = new BareRuns(catalogue, device, measurements.SelectMany(measurement => measurement.Inputs));
        await using var services = new Installation();
        await services.StartAsync();
        await using var client = services.Client();
        foreach (var measurement in measurements)
        {
            await JobRuns.RunAsync(client, measurement.PipelineId, clip, cancellationToken);
            bare.Run([.. measurement.Inputs.Distinct()], cancellationToken);
        }

        // Interleaved, so that a change of the machine's load meets all of them.
        for (var run = 0; run < Runs && (run == 0 || !late.IsCancellationRequested); run++)
        {
            foreach (var measurement in measurements)
            {
                var (elapsed, job) = await JobRuns.RunAsync(client, measurement.PipelineId, clip, cancellationToken);
                measurement.EndToEnd.Add(elapsed);
                measurement.Jobs.Add(job);
                measurement.Bare.Add(bare.Run(measurement.Inputs, cancellationToken));
                measurement.Decode.Add(await FfmpegDecode.RunAsync(clip, cancellationToken));
                await Console.Error.WriteLineAsync(
                    $"{measurement.PipelineId}, round {run + 1}: {elapsed} end to end, {measurement.Bare[^1]} bare");
            }
        }

        Console.WriteLine(Report.Header(Machine.Here(), device, loadBefore, Machine.Load()));
        Console.WriteLine($"- rounds: {measurements[0].Jobs.Count} of {Runs}; values are medians");
        Console.WriteLine();
        Console.Write(Report.Table(measurements, Frames));
    }

    private static async Task<List<Measurement>> RecordAsync(
        ModelCatalogue catalogue, InferenceDevice device, string clip, CancellationToken cancellationToken)
    {
        using var models = new ModelSessions(catalogue, device, NullLogger<ModelSessions>.Instance);
        var recorder = new PipelineInputs(models);
        return
        [
            new Measurement("detect_only", await recorder.RecordAsync("detect_only", clip, cancellationToken)),
            new Measurement("yolo_ocr", await recorder.RecordAsync("yolo_ocr", clip, cancellationToken)),
        ];
    }
}
