using ForegSyte.Benchmarks.Recording;
using ForegSyte.Inference.Models;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Benchmarks.Bare;

/// <summary>
/// The floor: ONNX Runtime alone, with sessions of the service's own options but for the threads, over tensors of the
/// shapes that the pipeline ran. One tensor of noise for each shape is made before the clock starts; how long these
/// networks take does not depend on the values.
/// </summary>
internal sealed class BareRuns : IDisposable
{
    private const int Seed = 7;

    private readonly Dictionary<string, InferenceSession> _sessions = [];
    private readonly Dictionary<ModelInput, OrtValue> _tensors = [];
    private readonly int _atOnce;

    /// <param name="catalogue">The models.</param>
    /// <param name="device">Where they run.</param>
    /// <param name="inputs">Every input that will be run; one run of each distinct one warms up.</param>
    /// <param name="threads">Threads of one run.</param>
    /// <param name="atOnce">Runs at the same time.</param>
    public BareRuns(
        ModelCatalogue catalogue, InferenceDevice device, IEnumerable<ModelInput> inputs, int threads, int atOnce)
    {
        _atOnce = atOnce;
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

    /// <summary>The time of all runs, in seconds.</summary>
    public double Run(IReadOnlyList<ModelInput> inputs, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        Parallel.ForEach(
            inputs, new ParallelOptions { MaxDegreeOfParallelism = _atOnce, CancellationToken = cancellationToken },
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
