using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Inference.Models;

/// <summary>
/// The outputs of one run, in the order in which the model declares them, or some rows of each; disposing gives their
/// memory back.
/// </summary>
internal sealed class ModelOutputs : IDisposable
{
    private readonly IReadOnlyList<OrtValue> _values;
    private readonly Action _release;

    /// <summary>The part of each output: its first row, how many, and of how many; (0, 1, 1) for all.</summary>
    private readonly (int First, int Count, int Of) _rows;

    private int _isDisposed;

    /// <param name="values">The outputs, owned from here on.</param>
    public ModelOutputs(IDisposableReadOnlyCollection<OrtValue> values)
        : this(values, (0, 1, 1), values.Dispose)
    {
    }

    private ModelOutputs(IReadOnlyList<OrtValue> values, (int First, int Count, int Of) rows, Action release)
    {
        _values = values;
        _rows = rows;
        _release = release;
    }

    /// <summary>Some rows of outputs whose first dimension counts items.</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">How many.</param>
    /// <param name="of">Of how many.</param>
    /// <param name="release">Called when they are disposed, in the place of disposing the outputs.</param>
    public ModelOutputs Rows(int first, int count, int of, Action release) =>
        new(_values, (first, count, of), release);

    /// <summary>All values of an output, row-major.</summary>
    public ReadOnlySpan<float> Values(int output)
    {
        var all = _values[output].GetTensorDataAsSpan<float>();
        var row = all.Length / _rows.Of;
        return all.Slice(_rows.First * row, _rows.Count * row);
    }

    /// <summary>Shape of an output.</summary>
    public long[] Shape(int output)
    {
        var shape = _values[output].GetTensorTypeAndShape().Shape;
        shape[0] = shape[0] * _rows.Count / _rows.Of;
        return shape;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _release();
        }
    }
}
