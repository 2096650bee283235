using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Inference.Models;

/// <summary>
/// The outputs of one run, in the order in which the model declares them; disposing gives their memory back.
/// </summary>
internal sealed class ModelOutputs(IDisposableReadOnlyCollection<OrtValue> values) : IDisposable
{
    /// <summary>All values of an output, row-major.</summary>
    public ReadOnlySpan<float> Values(int output) => values[output].GetTensorDataAsSpan<float>();

    /// <summary>Shape of an output.</summary>
    public long[] Shape(int output) => values[output].GetTensorTypeAndShape().Shape;

    /// <inheritdoc />
    public void Dispose() => values.Dispose();
}
