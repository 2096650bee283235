using ForegSyte.Inference.Memory;

namespace ForegSyte.Inference.Models;

/// <summary>Limits of a batch.</summary>
/// <param name="MaxItems">Maximum number of images or lines per run; 1 disables batching across callers.</param>
/// <param name="MaxDelay">Maximum time for which the first item waits for others.</param>
internal readonly record struct BatchLimits(int MaxItems, TimeSpan MaxDelay)
{
    /// <summary>
    /// Default number of items on a GPU: the initial value that Triton's guides recommend for detectors of this size.
    /// </summary>
    public const int ItemsOnGpu = 8;
}

/// <summary>
/// Batches concurrent runs of a model, across frames and calls, because a GPU processes several images in little more
/// time than one. Only inputs of the same shape share a batch. A batch starts when it is full or its first input has
/// waited for the maximum delay.
/// </summary>
/// <param name="run">Runs the model on the calling thread.</param>
/// <param name="limits">Limits of a batch.</param>
/// <param name="time">Clock of the delay.</param>
internal sealed class RunBatcher(
    Func<Memory<float>, long[], CancellationToken, ModelOutputs> run, BatchLimits limits, TimeProvider time)
{
    private readonly Lock _lock = new();

    /// <summary>Batches that accept inputs, by the shape of an item.</summary>
    private readonly Dictionary<string, RunBatch> _open = [];

    /// <summary>Runs the model on an input, possibly together with others.</summary>
    /// <param name="input">Values, row-major.</param>
    /// <param name="shape">Shape of the input; the first dimension counts its items.</param>
    /// <param name="cancellationToken">Stops waiting; cancels the run if no other caller waits for it.</param>
    /// <returns>The output rows of the input; dispose them.</returns>
    public async Task<ModelOutputs> RunAsync(Memory<float> input, long[] shape, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (batch, member) = Join(input.Span, shape);
        try
        {
            var outputs = await batch.Outputs.WaitAsync(cancellationToken);
            return outputs.Rows(member.First, member.Items, batch.Items, batch.Release);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Leave(batch, member);
            throw;
        }
    }

    private (RunBatch Batch, BatchMember Member) Join(ReadOnlySpan<float> input, long[] shape)
    {
        var items = (int)shape[0];
        var key = string.Join('x', shape.Skip(1));
        lock (_lock)
        {
            if (_open.TryGetValue(key, out var batch) && !batch.HasRoom(items))
            {
                StartLocked(batch, shape);
                batch = null;
            }

            if (batch is null)
            {
                batch = new RunBatch(key, input.Length / items, Math.Max(items, limits.MaxItems));
                _open.Add(key, batch);
                var opened = batch;
                batch.Timer = time.CreateTimer(
                    _ => StartIfOpen(opened, shape), null, limits.MaxDelay, Timeout.InfiniteTimeSpan);
            }

            var member = batch.Add(input, items);
            if (!batch.HasRoom(1))
            {
                StartLocked(batch, shape);
            }

            return (batch, member);
        }
    }

    /// <summary>Marks a member as canceled. Its rows are still computed while another member waits.</summary>
    private void Leave(RunBatch batch, BatchMember member)
    {
        lock (_lock)
        {
            member.IsCanceled = true;
            if (batch.Outputs.IsCompletedSuccessfully)
            {
                batch.Release();
            }
            else if (batch.IsAbandoned)
            {
                // A batch that is still open has not started, so it must never start.
                if (_open.TryGetValue(batch.Key, out var open) && open == batch)
                {
                    _open.Remove(batch.Key);
                    batch.Dispose();
                    return;
                }

                batch.Cancel();
            }
        }
    }

    private void StartIfOpen(RunBatch batch, long[] shape)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(batch.Key, out var open) && open == batch)
            {
                StartLocked(batch, shape);
            }
        }
    }

    private void StartLocked(RunBatch batch, long[] shape)
    {
        _open.Remove(batch.Key);
        long[] batched = [batch.Items, .. shape.Skip(1)];
        _ = Task.Run(() => Run(batch, batched));
    }

    /// <summary>Runs a batch. It never throws: the members receive the exception.</summary>
    private void Run(RunBatch batch, long[] shape)
    {
        try
        {
            var outputs = run(batch.Values, shape, batch.Canceled);
            lock (_lock)
            {
                batch.Complete(outputs);
            }
        }
        catch (Exception failure)
        {
            lock (_lock)
            {
                batch.Fail(failure);
            }
        }
    }
}

/// <summary>The rows of one caller in a batch.</summary>
/// <param name="first">First row.</param>
/// <param name="items">Number of rows.</param>
internal sealed class BatchMember(int first, int items)
{
    public int First { get; } = first;

    public int Items { get; } = items;

    /// <summary>Whether the caller no longer waits for the outputs.</summary>
    public bool IsCanceled { get; set; }
}

/// <summary>
/// Inputs of one shape that run together. Not thread-safe: <see cref="RunBatcher"/> holds its lock around all changes.
/// </summary>
/// <param name="key">Shape of an item.</param>
/// <param name="itemLength">Number of values per item.</param>
/// <param name="maxItems">Maximum number of items.</param>
internal sealed class RunBatch(string key, int itemLength, int maxItems) : IDisposable
{
    private readonly float[] _values = BufferPool<float>.Shared.Rent(checked(itemLength * maxItems));
    private readonly List<BatchMember> _members = [];
    private readonly CancellationTokenSource _canceled = new();
    private readonly TaskCompletionSource<ModelOutputs> _outputs =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ModelOutputs? _completed;

    /// <summary>Members that have not disposed their outputs yet.</summary>
    private int _holders;

    /// <summary>Shape of an item.</summary>
    public string Key { get; } = key;

    /// <summary>Starts the batch when the maximum delay is over.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>Number of items.</summary>
    public int Items { get; private set; }

    /// <summary>The values of all items, row-major.</summary>
    public Memory<float> Values => _values.AsMemory(0, Items * itemLength);

    /// <summary>Whether every member is canceled.</summary>
    public bool IsAbandoned => _members.TrueForAll(member => member.IsCanceled);

    /// <summary>Cancels the run.</summary>
    public CancellationToken Canceled => _canceled.Token;

    /// <summary>The outputs of all items.</summary>
    public Task<ModelOutputs> Outputs => _outputs.Task;

    /// <summary>Whether the batch has room for a number of items.</summary>
    public bool HasRoom(int items) => Items + items <= maxItems;

    /// <summary>Copies an input into the batch.</summary>
    public BatchMember Add(ReadOnlySpan<float> values, int items)
    {
        values.CopyTo(_values.AsSpan(Items * itemLength));
        var member = new BatchMember(Items, items);
        _members.Add(member);
        Items += items;
        return member;
    }

    /// <summary>Cancels the run unless it has completed.</summary>
    public void Cancel()
    {
        if (!_outputs.Task.IsCompleted)
        {
            _canceled.Cancel();
        }
    }

    /// <summary>Gives the outputs to the members. The last member to release them disposes them.</summary>
    public void Complete(ModelOutputs outputs)
    {
        Dispose();
        _completed = outputs;
        _holders = _members.Count(member => !member.IsCanceled);
        if (_holders == 0)
        {
            outputs.Dispose();
        }

        _outputs.SetResult(outputs);
    }

    /// <summary>Gives the exception to the members.</summary>
    public void Fail(Exception failure)
    {
        Dispose();
        _outputs.SetException(failure);

        // Marks the exception as observed, because all members can be canceled.
        _ = _outputs.Task.Exception;
    }

    /// <summary>Releases the outputs of one member.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            _completed!.Dispose();
        }
    }

    /// <summary>Releases the resources of the run, but not its outputs.</summary>
    public void Dispose()
    {
        Timer?.Dispose();
        _canceled.Dispose();
        BufferPool<float>.Shared.Return(_values);
    }
}
