namespace ForegSyte.Inference.Models;

/// <summary>
/// Puts runs of a model that are asked for within a short time, by whichever frames and calls, together into one: a GPU
/// computes several pictures in little more time than one. Only inputs of the same shape go together. A run starts when
/// it is full or when the first input has waited long enough.
/// </summary>
/// <param name="run">Runs the model on the calling thread.</param>
/// <param name="limits">How much goes together.</param>
/// <param name="time">The clock of the delay.</param>
internal sealed class RunBatcher(
    Func<Memory<float>, long[], CancellationToken, ModelOutputs> run, BatchLimits limits, TimeProvider time)
{
    private readonly Lock _lock = new();

    /// <summary>Batches that still take inputs, by the shape of an item.</summary>
    private readonly Dictionary<string, RunBatch> _open = [];

    /// <summary>Runs the model on an input, perhaps together with others.</summary>
    /// <param name="input">Values, row-major.</param>
    /// <param name="shape">Shape of the input; the first dimension counts its items, at most the limit.</param>
    /// <param name="cancellationToken">Ends the wait; a run that nobody else waits for is ended too.</param>
    /// <returns>The rows of the outputs that belong to the input; to be disposed.</returns>
    public async Task<ModelOutputs> RunAsync(Memory<float> input, long[] shape, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (batch, place) = Join(input.Span, shape);
        try
        {
            var outputs = await batch.Outputs.WaitAsync(cancellationToken);
            return outputs.Rows(place.First, place.Items, batch.Items, batch.Release);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Leave(batch, place);
            throw;
        }
    }

    private (RunBatch Batch, BatchInput Place) Join(ReadOnlySpan<float> input, long[] shape)
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

            var place = batch.Add(input, items);
            if (!batch.HasRoom(1))
            {
                StartLocked(batch, shape);
            }

            return (batch, place);
        }
    }

    /// <summary>The rows of who leaves are computed all the same, unless nobody is left.</summary>
    private void Leave(RunBatch batch, BatchInput place)
    {
        lock (_lock)
        {
            place.IsGone = true;
            if (batch.Outputs.IsCompletedSuccessfully)
            {
                batch.Release();
            }
            else if (batch.IsAbandoned)
            {
                // Nobody may join it any more; where it does not run yet, it never does.
                if (_open.TryGetValue(batch.Key, out var open) && open == batch)
                {
                    _open.Remove(batch.Key);
                    batch.Dispose();
                    return;
                }

                batch.Abandon();
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

    /// <summary>It never faults: a failure goes to those who wait.</summary>
    private void Run(RunBatch batch, long[] shape)
    {
        try
        {
            var outputs = run(batch.Values, shape, batch.Abandoned);
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
