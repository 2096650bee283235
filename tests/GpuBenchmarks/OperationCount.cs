using System.Text.Json;
using ForegSyte.Testing;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace ForegSyte.GpuBenchmarks;

/// <summary>
/// Counts the arithmetic of a model for one picture: the multiplications and additions of convolutions and products of
/// matrices, two operations for each pair. The shapes are those that ONNX Runtime's profiler saw in one run on the
/// processor, with the graph as it is in the file. What else a model does is not counted.
/// </summary>
internal static class OperationCount
{
    /// <summary>Operations for one picture.</summary>
    public static double Of(string path, BenchmarkInput input)
    {
        using var folder = new TemporaryFolder();
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            // First: switching it on takes the path as it is then.
            ProfileOutputPathPrefix = folder.File("profile"),
            EnableProfiling = true,
        };

        // Weights that were packed for the processor are gone from the profile.
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

    /// <summary>One tensor is listed as {"float":[1,3,416,416]}.</summary>
    private static double[] Shape(JsonElement tensors, int index) =>
        [.. tensors[index].EnumerateObject().Single().Value.EnumerateArray().Select(size => size.GetDouble())];

    private static double Size(double[] shape) => shape.Aggregate(1.0, (a, b) => a * b);
}
