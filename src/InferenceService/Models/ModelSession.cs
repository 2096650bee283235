using ForegSyte.Inference.Metrics;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Inference.Models;

/// <summary>
/// A loaded model with one input. Safe for several threads at once. Disposing it ends the runs under way and waits for
/// them: a session that is taken from under a run takes the process down.
/// </summary>
internal sealed class ModelSession : IDisposable
{
    /// <summary>
    /// Side in pixels at which models that take any size are warmed; a multiple of 32, as DB networks need.
    /// </summary>
    public const int WarmUpSide = 320;

    private readonly InferenceSession _session;
    private readonly InferenceMetrics? _metrics;
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;

    /// <summary>Runs under way, and one for the session itself until it is disposed.</summary>
    private readonly CountdownEvent _uses = new(1);

    private readonly CancellationTokenSource _closing = new();
    private readonly RunBatcher? _batcher;
    private int _isDisposed;

    /// <param name="entry">Entry of the catalogue.</param>
    /// <param name="session">Session, owned from here on.</param>
    /// <param name="metrics">Is told the size of each batch.</param>
    /// <param name="batches">How runs are put together, where the model takes any number of items.</param>
    /// <exception cref="ModelLoadException">The model has another number of inputs than one.</exception>
    public ModelSession(
        ModelEntry entry, InferenceSession session, InferenceMetrics? metrics = null, BatchLimits? batches = null)
    {
        Entry = entry;
        _metrics = metrics;
        _session = session;
        _inputNames = [.. session.InputNames];
        _outputNames = [.. session.OutputNames];
        if (_inputNames.Length != 1)
        {
            throw new ModelLoadException(entry.Id, $"It has {_inputNames.Length} inputs; models have to have one.");
        }

        Input = ToShape(session.InputMetadata, _inputNames[0]);
        Outputs = [.. _outputNames.Select(name => ToShape(session.OutputMetadata, name))];
        if (batches is { MaxItems: > 1 } limits && Input.Sizes is [< 0, ..])
        {
            GainsByBatches = true;
            _batcher = new RunBatcher(Run, limits, TimeProvider.System);
        }
    }

    /// <summary>The entry of the catalogue.</summary>
    public ModelEntry Entry { get; }

    /// <summary>The input as the file declares it.</summary>
    public TensorShape Input { get; }

    /// <summary>The outputs as the file declares them.</summary>
    public IReadOnlyList<TensorShape> Outputs { get; }

    /// <summary>
    /// Whether several pictures in one run take less time than one run for each: on a GPU they do, on a CPU they do
    /// not, since the values between two operators then no longer fit into its caches.
    /// </summary>
    public bool GainsByBatches { get; }

    /// <summary>Runs under way.</summary>
    public int Running => _uses.CurrentCount - (_isDisposed == 0 ? 1 : 0);

    /// <summary>
    /// Runs the model: on the calling thread, or together with what others ask for at the same time where that is
    /// faster. What comes out does not depend on which.
    /// </summary>
    /// <inheritdoc cref="Run" />
    public ValueTask<ModelOutputs> RunAsync(Memory<float> input, long[] shape, CancellationToken cancellationToken) =>
        _batcher is null
            ? ValueTask.FromResult(Run(input, shape, cancellationToken))
            : new(_batcher.RunAsync(input, shape, cancellationToken));

    /// <summary>Runs the model on the calling thread.</summary>
    /// <param name="input">Values of the input, row-major, exactly as many as the shape says.</param>
    /// <param name="shape">Shape of the input.</param>
    /// <param name="cancellationToken">Ends the run between two operators.</param>
    /// <exception cref="OperationCanceledException">The run was ended, or the session is being disposed.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="OnnxRuntimeException">The run failed.</exception>
    public ModelOutputs Run(Memory<float> input, long[] shape, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(!_uses.TryAddCount(), this);
        try
        {
            // Looked at after the count: what Dispose does not wait for does not run.
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
    /// Runs the model once on zeros. Where it takes any size, one line or picture of <see cref="WarmUpSide"/> pixels.
    /// </summary>
    /// <exception cref="ModelLoadException">It cannot run.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
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
        try
        {
            return new ModelOutputs(_session.Run(options, _inputNames, [tensor], _outputNames));
        }
        catch (OnnxRuntimeException failure) when (ending.IsCancellationRequested)
        {
            throw new OperationCanceledException("The model run was ended.", failure, cancellationToken);
        }
    }

    private static TensorShape ToShape(IReadOnlyDictionary<string, NodeMetadata> metadata, string name) =>
        new(name, metadata[name].Dimensions);
}
