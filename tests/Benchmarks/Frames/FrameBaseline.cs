using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Inference.Models;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Benchmarks.Frames;

/// <summary>
/// The minimum time for the frames of a workload, in seconds. Each part is assumed to keep all cores busy, so their sum
/// is the bound; overlapping gains only where a part leaves cores idle.
/// </summary>
/// <param name="Models">The model runs in sequence, each on as many threads as there are cores.</param>
/// <param name="ParallelModels">The same runs, one per core at a time, each on one thread.</param>
/// <param name="Decode">ffmpeg alone.</param>
internal sealed record FrameBaseline(double Models, double ParallelModels, double Decode)
{
    /// <summary>Models, then decoding: the goal refers to this.</summary>
    public double Sequential => Models + Decode;

    /// <summary>Models and decoding at the same time, without slowing each other down.</summary>
    public double Overlapped => Math.Max(Models, Decode);

    /// <summary>Parallel models, then decoding.</summary>
    public double ParallelSequential => ParallelModels + Decode;
}

/// <summary>
/// ONNX Runtime alone, with the service's session options except for the threads, over tensors with the shapes that the
/// pipeline used. Each tensor is noise, made before the clock starts: the values do not affect the time.
/// </summary>
internal sealed class ModelBaseline : IDisposable
{
    private const int Seed = 7;

    private readonly Dictionary<string, InferenceSession> _sessions = [];
    private readonly Dictionary<ModelInput, OrtValue> _tensors = [];
    private readonly int _parallelism;

    /// <param name="catalogue">The models.</param>
    /// <param name="device">The device.</param>
    /// <param name="inputs">All inputs; the constructor runs each distinct one once, as a warm-up.</param>
    /// <param name="threads">Threads per run.</param>
    /// <param name="parallelism">Runs at the same time.</param>
    public ModelBaseline(
        ModelCatalogue catalogue,
        InferenceDevice device,
        IEnumerable<ModelInput> inputs,
        int threads,
        int parallelism)
    {
        _parallelism = parallelism;
        var random = new Random(Seed);
        foreach (var input in inputs.Distinct())
        {
            if (!_sessions.ContainsKey(input.ModelId))
            {
                using var options = device.CreateSessionOptions();
                options.IntraOpNumThreads = threads;
                _sessions.Add(input.ModelId, new InferenceSession(catalogue.Find(input.ModelId)!.FilePath, options));
            }

            var sizes = input.Sizes();
            var values = new float[sizes.Aggregate((a, b) => a * b)];
            foreach (ref var value in values.AsSpan())
            {
                value = random.NextSingle();
            }

            _tensors.Add(input, OrtValue.CreateTensorValueFromMemory(values, sizes));
            Run(input);
        }
    }

    /// <summary>Runs all inputs; returns the seconds.</summary>
    public double Run(IReadOnlyList<ModelInput> inputs, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        Parallel.ForEach(
            inputs,
            new ParallelOptions { MaxDegreeOfParallelism = _parallelism, CancellationToken = cancellationToken },
            Run);
        return TimeProvider.System.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        foreach (var owned in _tensors.Values.Cast<IDisposable>().Concat(_sessions.Values))
        {
            owned.Dispose();
        }
    }

    private void Run(ModelInput input)
    {
        var session = _sessions[input.ModelId];
        using var options = new RunOptions();
        using var outputs = session.Run(options, session.InputNames, [_tensors[input]], session.OutputNames);
    }
}

/// <summary>ffmpeg alone, with its default threads: decodes the frames and discards them.</summary>
internal static class FfmpegDecode
{
    /// <summary>Wall time of the process in seconds. With a stride, ffmpeg still decodes the frames between.</summary>
    public static async Task<double> RunAsync(Workload workload, CancellationToken cancellationToken) =>
        (await Cli.Wrap("ffmpeg")
            .WithArguments([
                "-v", "error", "-nostdin", "-i", workload.Clip.Path,
                "-vf", FormattableString.Invariant($"select=not(mod(n\\,{workload.Stride}))"),
                "-fps_mode", "passthrough", "-f", "null", "-"])
            .ExecuteAsync(cancellationToken)).RunTime.TotalSeconds;

    /// <summary>For example "ffmpeg version 5.1.9".</summary>
    public static async Task<string> VersionAsync(CancellationToken cancellationToken)
    {
        var output = await Cli.Wrap("ffmpeg").WithArguments("-version").ExecuteBufferedAsync(cancellationToken);
        return string.Join(' ', output.StandardOutput.Split(' ').Take(3));
    }
}
