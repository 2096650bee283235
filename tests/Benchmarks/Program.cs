using ForegSyte.EndToEnd.Tests;
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
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(3);

    public static async Task<int> Main()
    {
        try
        {
            await MeasureAsync().WaitAsync(TimeLimit);
            return 0;
        }
        catch (TimeoutException)
        {
            await Console.Error.WriteLineAsync($"The benchmark did not end within {TimeLimit}; the machine is too busy.");
            return 1;
        }
    }

    private static async Task MeasureAsync()
    {
        var clip = RepositoryFiles.Pedestrians;
        var loadBefore = Machine.Load();
        var device = new InferenceDevice(Options.Create(new DeviceOptions()), NullLogger<InferenceDevice>.Instance);
        var catalogue = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));
        var measurements = await RecordAsync(catalogue, device, clip);
        using var bare = new BareRuns(catalogue, device, measurements.SelectMany(measurement => measurement.Inputs));
        await using var services = new Installation();
        await services.StartAsync();
        await using var client = services.Client();
        foreach (var measurement in measurements)
        {
            await JobRuns.RunAsync(client, measurement.PipelineId, clip);
            bare.Run([.. measurement.Inputs.Distinct()]);
        }

        // Interleaved, so that a change of the machine's load meets all of them.
        for (var run = 0; run < Runs; run++)
        {
            foreach (var measurement in measurements)
            {
                var (elapsed, job) = await JobRuns.RunAsync(client, measurement.PipelineId, clip);
                measurement.EndToEnd.Add(elapsed);
                measurement.Jobs.Add(job);
                measurement.Bare.Add(bare.Run(measurement.Inputs));
                measurement.Decode.Add(await FfmpegDecode.RunAsync(clip));
            }
        }

        Console.WriteLine(Report.Header(Machine.Of(device), loadBefore, Machine.Load()));
        Console.WriteLine();
        Console.Write(Report.Table(measurements, Frames));
    }

    private static async Task<List<Measurement>> RecordAsync(ModelCatalogue catalogue, InferenceDevice device, string clip)
    {
        using var models = new ModelSessions(catalogue, device, NullLogger<ModelSessions>.Instance);
        var recorder = new PipelineInputs(models);
        return
        [
            new Measurement("detect_only", await recorder.RecordAsync("detect_only", clip)),
            new Measurement("yolo_ocr", await recorder.RecordAsync("yolo_ocr", clip)),
        ];
    }
}
