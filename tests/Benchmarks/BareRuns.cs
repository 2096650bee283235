using ForegSyte.Inference.Models;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Benchmarks;

/// <summary>
/// The floor: ONNX Runtime alone, one run after the other, with sessions of the service's own options. One tensor of
/// noise for each shape is made before the clock starts; how long these networks take does not depend on the values.
/// </summary>
internal sealed class BareRuns : IDisposable
{
    private const int Seed = 7;

    private readonly Dictionary<string, InferenceSession> _sessions = [];
    private readonly Dictionary<ModelInput, OrtValue> _tensors = [];

    public BareRuns(ModelCatalogue catalogue, InferenceDevice device, IEnumerable<ModelInput> inputs)
    {
        var random = new Random(Seed);
        foreach (var input in inputs.Distinct())
        {
            if (!_sessions.ContainsKey(input.ModelId))
            {
                using var options = device.CreateSessionOptions();
                _sessions.Add(input.ModelId, new InferenceSession(catalogue.Find(input.ModelId)!.FilePath, options));
            }

            var sizes = input.Sizes();
            var values = new float[sizes.Aggregate((a, b) => a * b)];
            foreach (ref var value in values.AsSpan())
            {
                value = random.NextSingle();
            }

            _tensors.Add(input, OrtValue.CreateTensorValueFromMemory(values, sizes));
        }
    }

    /// <summary>The time of all runs.</summary>
    public TimeSpan Run(IReadOnlyList<ModelInput> inputs, CancellationToken cancellationToken)
    {
        using var options = new RunOptions();
        var start = TimeProvider.System.GetTimestamp();
        foreach (var input in inputs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var session = _sessions[input.ModelId];
            using var outputs = session.Run(options, session.InputNames, [_tensors[input]], session.OutputNames);
        }

        return TimeProvider.System.GetElapsedTime(start);
    }

    public void Dispose()
    {
        foreach (var owned in _tensors.Values.Cast<IDisposable>().Concat(_sessions.Values))
        {
            owned.Dispose();
        }
    }
}
