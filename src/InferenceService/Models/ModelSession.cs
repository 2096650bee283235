using ForegSyte.Inference.Metrics;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Inference.Models;

/// <summary>
/// A loaded model with one image as input. Thread-safe. Disposing it cancels the current runs and waits for them,
/// because ONNX Runtime crashes the process if a session is disposed during a run.
/// </summary>
internal sealed class ModelSession : IDisposable
{
    /// <summary>
    /// Warm-up size in pixels of models that accept any size; a multiple of 32, as DB networks require.
    /// </summary>
    public const int WarmUpSide = 320;

    private readonly InferenceSession _session;
    private readonly InferenceMetrics? _metrics;
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;

    /// <summary>Current runs, plus one for the session itself until it is disposed.</summary>
    private readonly CountdownEvent _uses = new(1);

    private readonly CancellationTokenSource _closing = new();
    private readonly RunBatcher? _batcher;
    private int _isDisposed;

    /// <param name="entry">Entry of the catalogue.</param>
    /// <param name="session">The session; this object takes ownership.</param>
    /// <param name="metrics">Records the size of each batch.</param>
    /// <param name="batches">Batch limits, used if the model accepts any number of items.</param>
    /// <exception cref="ModelLoadException">The model does not have the inputs of its family.</exception>
    public ModelSession(
        ModelEntry entry, InferenceSession session, InferenceMetrics? metrics = null, BatchLimits? batches = null)
    {
        Entry = entry;
        _metrics = metrics;
        _session = session;
        _inputNames = InputsOf(entry, session);
        _outputNames = [.. session.OutputNames];
        Input = ToShape(session.InputMetadata, _inputNames[0]);
        Outputs = [.. _outputNames.Select(name => ToShape(session.OutputMetadata, name))];
        if (batches is { MaxItems: > 1 } limits && Input.Sizes is [< 0, ..])
        {
            _batcher = new RunBatcher(Run, limits, TimeProvider.System);
        }
    }

    /// <summary>The entry of the catalogue.</summary>
    public ModelEntry Entry { get; }

    /// <summary>The image input that the file declares.</summary>
    public TensorShape Input { get; }

    /// <summary>The outputs that the file declares.</summary>
    public IReadOnlyList<TensorShape> Outputs { get; }

    /// <summary>
    /// Whether runs are batched. On a GPU one run of several images takes less time than one run per image; on a CPU it
    /// takes more, because the intermediate values then no longer fit into its caches.
    /// </summary>
    public bool IsBatched => _batcher is not null;

    /// <summary>Number of current runs.</summary>
    public int Running => _uses.CurrentCount - (_isDisposed == 0 ? 1 : 0);

    /// <summary>
    /// Runs the model, in a batch with other callers if <see cref="IsBatched"/>, otherwise on the calling thread. The
    /// results are the same.
    /// </summary>
    /// <inheritdoc cref="Run" />
    public ValueTask<ModelOutputs> RunAsync(Memory<float> input, long[] shape, CancellationToken cancellationToken) =>
        _batcher is null
            ? ValueTask.FromResult(Run(input, shape, cancellationToken))
            : new(_batcher.RunAsync(input, shape, cancellationToken));

    /// <summary>Runs the model on the calling thread.</summary>
    /// <param name="input">Values of the input, row-major; their number must match the shape.</param>
    /// <param name="shape">Shape of the input.</param>
    /// <param name="cancellationToken">Cancels the run between two operators.</param>
    /// <exception cref="OperationCanceledException">The run was canceled or the session is closing.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="OnnxRuntimeException">The run failed.</exception>
    public ModelOutputs Run(Memory<float> input, long[] shape, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(!_uses.TryAddCount(), this);
        try
        {
            // Checked after the count, so that no run starts that Dispose does not wait for.
            _closing.Token.ThrowIfCancellationRequested();
            _metrics?.RecordBatch(Entry.Id, (int)shape[0]);
            return RunCounted(input, shape, cancellationToken);
        }
        finally
        {
            _uses.Signal();
        }
    }

    /// <summary>
    /// Runs the model once on zeros; a dimension of any size becomes 1 item or <see cref="WarmUpSide"/> pixels.
    /// </summary>
    /// <exception cref="ModelLoadException">The run failed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public void WarmUp(CancellationToken cancellationToken)
    {
        long[] sizes = [1, Vision.TensorFormat.ChannelCount, Side(Entry.InputHeight), Side(Entry.InputWidth)];
        long[] shape = [.. Input.Sizes.Select((size, index) => size > 0 ? size : sizes[Math.Min(index, 3)])];
        try
        {
            Run(new float[shape.Aggregate((a, b) => a * b)], shape, cancellationToken).Dispose();
        }
        catch (OnnxRuntimeException failure)
        {
            throw new ModelLoadException(Entry.Id, $"It loads but does not run: {failure.Message}", failure);
        }

        static long Side(int pixels) => pixels > 0 ? pixels : WarmUpSide;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        _closing.Cancel();
        _uses.Signal();
        _uses.Wait();
        _session.Dispose();
        _closing.Dispose();
    }

    private ModelOutputs RunCounted(Memory<float> input, long[] shape, CancellationToken cancellationToken)
    {
        using var options = new RunOptions();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        using var registration = ending.Token.Register(
            static state => ((RunOptions)state!).Terminate = true, options);
        using var tensor = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, input, shape);
        using var imageSize = _inputNames.Length > 1 ? ImageSizes(shape[0]) : null;
        try
        {
            return new ModelOutputs(_session.Run(
                options, _inputNames, imageSize is null ? [tensor] : [tensor, imageSize], _outputNames));
        }
        catch (OnnxRuntimeException failure) when (ending.IsCancellationRequested)
        {
            throw new OperationCanceledException("The model run was canceled.", failure, cancellationToken);
        }
    }

    /// <summary>The size of the input image for each image of a batch, so that boxes are in input pixels.</summary>
    private OrtValue ImageSizes(long images)
    {
        var sizes = new long[2 * images];
        for (var image = 0; image < images; image++)
        {
            (sizes[2 * image], sizes[(2 * image) + 1]) = (Entry.InputWidth, Entry.InputHeight);
        }

        return OrtValue.CreateTensorValueFromMemory(sizes, [images, 2]);
    }

    /// <summary>The names of the inputs: the image, then its size if the family has it.</summary>
    private static string[] InputsOf(ModelEntry entry, InferenceSession session)
    {
        var names = session.InputNames;
        if (!entry.Rules.TakesImageSize)
        {
            return names.Count == 1
                ? [names[0]]
                : throw new ModelLoadException(
                    entry.Id, $"It has {names.Count} inputs; a model of the family {entry.Rules.Name} has one.");
        }

        string[] ordered =
        [
            .. names.Where(name => session.InputMetadata[name].Dimensions.Length == 4),
            .. names.Where(name => session.InputMetadata[name] is { Dimensions.Length: 2 } size
                && size.ElementDataType == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int64),
        ];
        return ordered.Length == 2 && names.Count == 2
            ? ordered
            : throw new ModelLoadException(
                entry.Id,
                $"A model of the family {entry.Rules.Name} has an image and its size (int64) as inputs; the file has "
                + $"{string.Join(", ", names.Select(name => ToShape(session.InputMetadata, name)))}.");
    }

    private static TensorShape ToShape(IReadOnlyDictionary<string, NodeMetadata> metadata, string name) =>
        new(name, metadata[name].Dimensions);
}

/// <summary>Name and shape of an input or output that a model file declares.</summary>
/// <param name="Name">Name in the graph.</param>
/// <param name="Sizes">Size of each dimension; -1 for any size.</param>
internal sealed record TensorShape(string Name, IReadOnlyList<int> Sizes)
{
    /// <summary>Whether the shape has these sizes; -1 on either side matches any size.</summary>
    public bool Matches(params ReadOnlySpan<int> sizes)
    {
        if (Sizes.Count != sizes.Length)
        {
            return false;
        }

        for (var i = 0; i < sizes.Length; i++)
        {
            if (Sizes[i] >= 0 && sizes[i] >= 0 && Sizes[i] != sizes[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Text for messages, for example "images [1, 3, 416, 416]".</summary>
    public override string ToString() => $"{Name} [{string.Join(", ", Sizes)}]";
}

/// <summary>
/// The outputs of one run in the order of the model's declaration, or some rows of each. Disposing releases their
/// memory.
/// </summary>
internal sealed class ModelOutputs : IDisposable
{
    private readonly IReadOnlyList<OrtValue> _values;
    private readonly Action _release;

    /// <summary>The rows that belong to this object; (0, 1, 1) for all.</summary>
    private readonly (int First, int Count, int Of) _rows;

    private int _isDisposed;

    /// <param name="values">The outputs; this object takes ownership.</param>
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

    /// <summary>A view of some rows of outputs whose first dimension counts items.</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="of">Total number of rows.</param>
    /// <param name="release">Called once when the view is disposed; the outputs stay.</param>
    public ModelOutputs Rows(int first, int count, int of, Action release) =>
        new(_values, (first, count, of), release);

    /// <summary>All values of an output, row-major.</summary>
    public ReadOnlySpan<float> Values(int output) => Rows<float>(output);

    /// <summary>All values of an output of 64-bit whole numbers, row-major.</summary>
    public ReadOnlySpan<long> WholeNumbers(int output) => Rows<long>(output);

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

    private ReadOnlySpan<T> Rows<T>(int output)
        where T : unmanaged
    {
        var all = _values[output].GetTensorDataAsSpan<T>();
        var row = all.Length / _rows.Of;
        return all.Slice(_rows.First * row, _rows.Count * row);
    }
}
