using System.Text.Json;
using ForegSyte.Inference.Vision;
using ForegSyte.Testing;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace ForegSyte.Benchmarks.Gpu;

/// <summary>
/// Runs one model on pictures of noise with input and output in host memory, as the service does. The values do not
/// affect the time.
/// </summary>
internal sealed class ModelRuns : IDisposable
{
    private const int Seed = 7;

    private readonly InferenceSession _session;
    private readonly GpuInput _input;

    public ModelRuns(string path, GpuInput input, SessionOptions options)
    {
        _session = new InferenceSession(path, options);
        _input = input;
    }

    /// <summary>Whether the model accepts this batch size; many files have a fixed batch of 1.</summary>
    public bool Takes(int batch) =>
        _session.InputMetadata.Values.Single().Dimensions[0] is var size && (size < 0 || size == batch);

    /// <summary>
    /// Runs the model for at least this time, after the warm-up runs; returns the number and the time.
    /// </summary>
    public (int Runs, TimeSpan Elapsed) Run(
        int batch, int warmUpRuns, TimeSpan atLeast, CancellationToken cancellationToken)
    {
        using var options = new RunOptions();
        using var tensor = Noise(batch);
        for (var run = 0; run < warmUpRuns; run++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            RunOnce(options, tensor);
        }

        var runs = 0;
        var start = TimeProvider.System.GetTimestamp();
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            RunOnce(options, tensor);
            runs++;
        }
        while (TimeProvider.System.GetElapsedTime(start) < atLeast);
        return (runs, TimeProvider.System.GetElapsedTime(start));
    }

    /// <summary>Ends profiling; returns the path of the profile.</summary>
    public string EndProfiling() => _session.EndProfiling();

    public void Dispose() => _session.Dispose();

    private void RunOnce(RunOptions options, OrtValue tensor)
    {
        using var outputs = _session.Run(options, _session.InputNames, [tensor], _session.OutputNames);
    }

    private OrtValue Noise(int batch)
    {
        var isPlanar = _session.InputMetadata.Values.Single().Dimensions[^1] != TensorFormat.ChannelCount;
        long[] shape = isPlanar
            ? [batch, TensorFormat.ChannelCount, _input.Height, _input.Width]
            : [batch, _input.Height, _input.Width, TensorFormat.ChannelCount];
        var random = new Random(Seed);
        var values = new float[shape.Aggregate((a, b) => a * b)];
        foreach (ref var value in values.AsSpan())
        {
            value = random.NextSingle();
        }

        return OrtValue.CreateTensorValueFromMemory(values, shape);
    }
}

/// <summary>
/// Counts the multiplications and additions of a model's convolutions and matrix products for one picture, and no other
/// operators. The shapes come from an ONNX Runtime profile of one CPU run of the unoptimized graph.
/// </summary>
internal static class OperationCount
{
    /// <summary>Operations per picture.</summary>
    public static double Of(string path, GpuInput input)
    {
        using var folder = new TemporaryFolder();
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            // Must precede EnableProfiling, which reads it.
            ProfileOutputPathPrefix = folder.File("profile"),
            EnableProfiling = true,
        };

        // The profile omits prepacked weights.
        options.AddSessionConfigEntry("session.disable_prepacking", "1");
        using var model = new ModelRuns(path, input, options);
        model.Run(batch: 1, warmUpRuns: 0, TimeSpan.Zero, CancellationToken.None);
        using var profile = JsonDocument.Parse(File.ReadAllBytes(model.EndProfiling()));
        return profile.RootElement.EnumerateArray().Sum(OperationsOf);
    }

    private static double OperationsOf(JsonElement profiled)
    {
        if (!profiled.TryGetProperty("args", out var args)
            || !args.TryGetProperty("op_name", out var name)
            || !args.TryGetProperty("input_type_shape", out var inputs)
            || !args.TryGetProperty("output_type_shape", out var outputs))
        {
            return 0;
        }

        return name.GetString() switch
        {
            "Conv" => 2 * Size(Shape(outputs, 0)) * Size(Shape(inputs, 1)[1..]),
            "ConvTranspose" => 2 * Size(Shape(inputs, 0)) * Size(Shape(inputs, 1)[1..]),
            "MatMul" or "Gemm" => 2 * Size(Shape(outputs, 0)) * Shape(inputs, 0)[^1],
            _ => 0,
        };
    }

    /// <summary>A tensor is listed as {"float":[1,3,416,416]}.</summary>
    private static double[] Shape(JsonElement tensors, int index) =>
        [.. tensors[index].EnumerateObject().Single().Value.EnumerateArray().Select(size => size.GetDouble())];

    private static double Size(double[] shape) => shape.Aggregate(1.0, (a, b) => a * b);
}
