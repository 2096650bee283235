using System.CommandLine;
using System.Globalization;
using ForegSyte.Inference.Models;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Benchmarks.Gpu;

/// <summary>A model and the size of its input picture in pixels.</summary>
internal sealed record GpuInput(string ModelId, int Width, int Height);

/// <summary>
/// The command `gpu`: the committed models and pipelines on a GPU at several batch sizes, against the arithmetic limit
/// of the device, with results beside those of the CPU. Exit code 1 means that the results differ too much, 2 that no
/// GPU works and nothing was measured.
/// </summary>
internal static class GpuBenchmark
{
    private const int OtherResults = 1;
    private const int NoGpu = 2;
    private const int WarmUpRuns = 5;
    private const string Header =
        "| model | input | batch | ms/run | frames/s | GPU busy, % | GOP/frame | TFLOP/s | of the limit |\n"
        + "|---|---|--:|--:|--:|--:|--:|--:|--:|";

    private static readonly int[] Batches = [1, 8, 32];

    /// <summary>The detectors at their own input sizes, the text models at a common one.</summary>
    private static readonly GpuInput[] Inputs =
    [
        new("nanodet_g_416", 416, 416), new("centernet_mbv3_512", 512, 512), new("ppocr_v4_detection", 960, 544),
        new("ppocr_v4_recognition", 320, 48),
    ];

    private static readonly Option<int> DeviceIndex = new("--device") { Description = "Index of the GPU. Default: 0." };

    private static readonly Option<double?> Peak = new("--peak-tflops")
    {
        Description = "Limit of the device in TFLOP/s, from its data sheet. Default: measured with matrix products.",
    };

    private static readonly Option<DeviceProvider> Provider = new("--provider")
    {
        Description = "cuda, tensorrt or cpu; cpu only shows that the program runs.",
        DefaultValueFactory = _ => DeviceProvider.Cuda,
    };

    private static readonly Option<double> Seconds = new("--seconds")
    {
        Description = "Duration of the runs of each batch size.",
        DefaultValueFactory = _ => 5,
    };

    private static readonly Option<int> Jobs = new("--jobs")
    {
        Description = "Jobs at the same time, of 100 frames each; 0 leaves out the pipelines.",
        DefaultValueFactory = _ => 8,
    };

    public static Command Command()
    {
        var command = new Command("gpu", "Measures the models and pipelines on a GPU.")
        {
            DeviceIndex, Peak, Provider, Seconds, Jobs,
        };
        command.SetAction(MeasureAsync);
        return command;
    }

    private static async Task<int> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var options = new DeviceOptions
        {
            Provider = arguments.GetValue(Provider),
            DeviceIndex = arguments.GetValue(DeviceIndex),
            RequireGpu = arguments.GetValue(Provider) != DeviceProvider.Cpu,
        };
        InferenceDevice device;
        try
        {
            device = new InferenceDevice(Options.Create(options), NullLogger<InferenceDevice>.Instance);
        }
        catch (DeviceUnavailableException failure)
        {
            await Console.Error.WriteLineAsync($"bench-gpu: nothing was measured. {failure.Message}");
            return NoGpu;
        }

        var catalogue = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));
        var version = OrtEnv.Instance().GetVersionString();
        Console.WriteLine($"- models on {device.Description.Description}, ONNX Runtime {version}");
        Console.WriteLine("- input and output are in host memory: the times include copying them");
        var limit = arguments.GetValue(Peak) ?? MeasureLimit(device, cancellationToken);
        var origin = arguments.GetValue(Peak) is null ? "measured with products of large matrices" : "as given";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"- arithmetic limit: {limit:F2} TFLOP/s, {origin}"));
        Console.WriteLine();
        Console.WriteLine(Header);
        foreach (var input in Inputs)
        {
            await MeasureAsync(
                input, catalogue.Find(input.ModelId)!.FilePath, device, limit, arguments, cancellationToken);
        }

        var jobs = arguments.GetValue(Jobs);
        return jobs == 0 || await new GpuPipelines(options.Provider, options.DeviceIndex, jobs).RunAsync(
            Batches, cancellationToken)
                ? 0
                : OtherResults;
    }

    private static double MeasureLimit(InferenceDevice device, CancellationToken cancellationToken)
    {
        using var sessionOptions = device.CreateSessionOptions();
        return ArithmeticLimit.Measure(sessionOptions, device.IsGpu, cancellationToken);
    }

    private static async Task MeasureAsync(
        GpuInput input, string path, InferenceDevice device, double limit, ParseResult arguments,
        CancellationToken cancellationToken)
    {
        var operations = OperationCount.Of(path, input);
        using var sessionOptions = device.CreateSessionOptions();
        using var model = new ModelRuns(path, input, sessionOptions);
        foreach (var batch in Batches)
        {
            if (!model.Takes(batch))
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {input.ModelId} | {input.Width}x{input.Height} | {batch} | batch is 1 | – | – | – | – | – |"));
                continue;
            }

            var isGpu = device.Provider != ExecutionProvider.Cpu;
            await using var usage = isGpu ? new GpuUsage(arguments.GetValue(DeviceIndex)) : null;
            var (runs, elapsed) = model.Run(
                batch, WarmUpRuns, TimeSpan.FromSeconds(arguments.GetValue(Seconds)), cancellationToken);
            Console.WriteLine(Format(
                input, batch, elapsed.TotalSeconds / runs, operations, usage?.Mean, limit));
        }
    }

    private static string Format(
        GpuInput input, int batch, double secondsPerRun, double operationsPerFrame, double? busyPercent,
        double limit)
    {
        var framesPerSecond = batch / secondsPerRun;
        var teraflops = framesPerSecond * operationsPerFrame / 1e12;
        var busy = busyPercent is { } percent ? Text(percent, "F0") : "–";
        var share = Text(100 * teraflops / limit, "F2") + " %";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {input.ModelId} | {input.Width}x{input.Height} | {batch} | {1000 * secondsPerRun:F2} "
            + $"| {framesPerSecond:F1} | {busy} | {operationsPerFrame / 1e9:F2} | {teraflops:F3} | {share} |");
    }

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
