using ForegSyte.Testing;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace ForegSyte.Benchmarks.Gpu;

/// <summary>
/// The arithmetic limit of a device: products of large matrices by ONNX Runtime with the precision of the models. Only
/// the first matrix and the last product are copied.
/// </summary>
internal static class ArithmeticLimit
{
    private const int Products = 32;
    private const int SideOnGpu = 4096;
    private const int SideOnCpu = 512;
    private const int Rounds = 5;

    /// <summary>The best of several rounds, in TFLOP/s.</summary>
    public static double Measure(SessionOptions options, bool isGpu, CancellationToken cancellationToken)
    {
        var side = isGpu ? SideOnGpu : SideOnCpu;
        var graph = new OnnxGraph().Input("matrix", OnnxGraph.Floats, side, side)
            .MatrixProducts("matrix", "product", side, Products);
        using var session = new InferenceSession(graph.ToBytes(), options);
        using var run = new RunOptions();

        // Rows of equal values below 1 / side: the products stay finite.
        var values = new float[side * side];
        values.AsSpan().Fill(1f / side);
        using var matrix = OrtValue.CreateTensorValueFromMemory(values, [side, side]);
        var best = TimeSpan.MaxValue;
        for (var round = 0; round <= Rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = TimeProvider.System.GetTimestamp();
            using var outputs = session.Run(run, ["matrix"], [matrix], ["product"]);
            var elapsed = TimeProvider.System.GetElapsedTime(start);
            best = round > 0 && elapsed < best ? elapsed : best;
        }

        return 2.0 * Products * Math.Pow(side, 3) / best.TotalSeconds / 1e12;
    }
}
