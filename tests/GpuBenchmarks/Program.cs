using System.CommandLine;
using ForegSyte.Inference.Models;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.GpuBenchmarks;

/// <summary>
/// Measures the committed models on a GPU at several batches, beside their arithmetic limit; prints Markdown. Exit code
/// 2: there is no GPU that works, and nothing was measured.
/// </summary>
internal static class Program
{
    private const int NoGpu = 2;
    private const int WarmUpRuns = 5;

    private static readonly Option<int> DeviceIndex = new("--device") { Description = "Which GPU; 0 by default." };

    private static readonly Option<double?> Peak = new("--peak-tflops")
    {
        Description = "Peak of the device in TFLOP/s, from its data sheet, for the precision that is measured.",
    };

    private static readonly Option<DeviceProvider> Provider = new("--provider")
    {
        Description = "cuda, tensorrt or cpu; cpu only shows that the program runs.",
        DefaultValueFactory = _ => DeviceProvider.Cuda,
    };

    private static readonly Option<double> Seconds = new("--seconds")
    {
        Description = "How long each batch is run.",
        DefaultValueFactory = _ => 5,
    };

    public static Task<int> Main(string[] args)
    {
        var root = new RootCommand("Measures the models on a GPU.") { DeviceIndex, Peak, Provider, Seconds };
        root.SetAction(MeasureAsync);
        return root.Parse(args).InvokeAsync();
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
        Console.WriteLine("- input and output in the machine's memory: copying them is part of the time");
        Console.WriteLine();
        Console.WriteLine(ReportRow.Header);
        foreach (var input in BenchmarkInput.All)
        {
            await MeasureAsync(input, catalogue.Find(input.ModelId)!.FilePath, device, arguments, cancellationToken);
        }

        return 0;
    }

    private static async Task MeasureAsync(
        BenchmarkInput input, string path, InferenceDevice device, ParseResult arguments,
        CancellationToken cancellationToken)
    {
        var operations = OperationCount.Of(path, input);
        using var sessionOptions = device.CreateSessionOptions();
        using var model = new ModelRuns(path, input, sessionOptions);
        foreach (var batch in BenchmarkInput.Batches)
        {
            if (!model.Takes(batch))
            {
                Console.WriteLine(ReportRow.FixedAtOne(input, batch));
                continue;
            }

            var isGpu = device.Provider != V1.ExecutionProvider.Cpu;
            await using var usage = isGpu ? new GpuUsage(arguments.GetValue(DeviceIndex)) : null;
            var (runs, elapsed) = model.Run(
                batch, WarmUpRuns, TimeSpan.FromSeconds(arguments.GetValue(Seconds)), cancellationToken);
            var row = new ReportRow(input, batch, elapsed.TotalSeconds / runs, operations, usage?.Mean);
            Console.WriteLine(row.ToMarkdown(arguments.GetValue(Peak)));
        }
    }
}
