using ForegSyte.Inference.Memory;

namespace ForegSyte.Inference.Models;

/// <summary>
/// Inputs of one shape that are run together. Not safe by itself: changed under the lock of its
/// <see cref="RunBatcher"/>.
/// </summary>
/// <param name="key">Shape of an item.</param>
/// <param name="itemLength">Values of an item.</param>
/// <param name="maxItems">Most items.</param>
internal sealed class RunBatch(string key, int itemLength, int maxItems) : IDisposable
{
    private readonly float[] _values = BufferPool<float>.Shared.Rent(checked(itemLength * maxItems));
    private readonly List<BatchInput> _inputs = [];
    private readonly CancellationTokenSource _abandoned = new();
    private readonly TaskCompletionSource<ModelOutputs> _outputs =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ModelOutputs? _made;

    /// <summary>Inputs whose callers have not disposed their outputs, once there are outputs.</summary>
    private int _holders;

    /// <summary>Shape of an item.</summary>
    public string Key { get; } = key;

    /// <summary>Ends the wait for more.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>Items that are in it.</summary>
    public int Items { get; private set; }

    /// <summary>The values of all items, row by row.</summary>
    public Memory<float> Values => _values.AsMemory(0, Items * itemLength);

    /// <summary>Whether nobody waits for it any more.</summary>
    public bool IsAbandoned => _inputs.TrueForAll(input => input.IsGone);

    /// <summary>Cancelled by <see cref="Abandon"/>.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    /// <summary>The outputs of all items, or the failure.</summary>
    public Task<ModelOutputs> Outputs => _outputs.Task;

    /// <summary>Whether an input of so many items fits in.</summary>
    public bool HasRoom(int items) => Items + items <= maxItems;

    /// <summary>Copies an input in.</summary>
    public BatchInput Add(ReadOnlySpan<float> values, int items)
    {
        values.CopyTo(_values.AsSpan(Items * itemLength));
        var input = new BatchInput(Items, items);
        _inputs.Add(input);
        Items += items;
        return input;
    }

    /// <summary>Ends its run, if it has not ended.</summary>
    public void Abandon()
    {
        if (!_outputs.Task.IsCompleted)
        {
            _abandoned.Cancel();
        }
    }

    /// <summary>Gives the outputs to those who wait; they live until the last has disposed its own.</summary>
    public void Complete(ModelOutputs outputs)
    {
        Dispose();
        _made = outputs;
        _holders = _inputs.Count(input => !input.IsGone);
        if (_holders == 0)
        {
            outputs.Dispose();
        }

        _outputs.SetResult(outputs);
    }

    /// <summary>Gives the failure to those who wait.</summary>
    public void Fail(Exception failure)
    {
        Dispose();
        _outputs.SetException(failure);

        // Where all callers are gone nobody else looks at it.
        _ = _outputs.Task.Exception;
    }

    /// <summary>One of those who wait, or who have their outputs, needs them no longer.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            _made!.Dispose();
        }
    }

    /// <summary>Gives back what the run needed; the outputs have their own end.</summary>
    public void Dispose()
    {
        Timer?.Dispose();
        _abandoned.Dispose();
        BufferPool<float>.Shared.Return(_values);
    }
}
