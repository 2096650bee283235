using ForegSyte.Inference.Vision;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace ForegSyte.GpuBenchmarks;

/// <summary>
/// Runs one model on pictures of noise, as the service does it: the input comes from memory, the output goes there.
/// How long these networks take does not depend on the values.
/// </summary>
internal sealed class ModelRuns : IDisposable
{
    private const int Seed = 7;

    private readonly InferenceSession _session;
    private readonly BenchmarkInput _input;

    /// <param name="path">The ONNX file.</param>
    /// <param name="input">Model and size.</param>
    /// <param name="options">Options of the session; they are not kept.</param>
    public ModelRuns(string path, BenchmarkInput input, SessionOptions options)
    {
        _session = new InferenceSession(path, options);
        _input = input;
    }

    /// <summary>Whether the file takes this batch; many files are exported for one picture at a time.</summary>
    public bool Takes(int batch) =>
        _session.InputMetadata.Values.Single().Dimensions[0] is var size && (size < 0 || size == batch);

    /// <summary>Runs for a while, after some runs that are not counted.</summary>
    /// <returns>How many runs there were, and how long they took together.</returns>
    /// <exception cref="OnnxRuntimeException">The model does not run, with this batch for example.</exception>
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

    /// <summary>Ends the profiling that the options asked for; the path of the profile.</summary>
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
