namespace ForegSyte.Jobs.Storage;

/// <summary>Loads values by key in batches: a query takes about the same time for one key and for fifty.</summary>
internal sealed class BatchLoader<TValue>(Func<HashSet<Guid>, Task<Dictionary<Guid, TValue>>> load)
{
    /// <summary>
    /// Maximum number of concurrent queries, so that the next batch does not wait for the last one.
    /// </summary>
    private const int MaxQueries = 2;

    private readonly Lock _lock = new();
    private readonly Queue<Lookup> _waiting = [];
    private int _queries;

    public Task<TValue?> LoadAsync(Guid key, CancellationToken cancellationToken)
    {
        var lookup = new Lookup(
            key, new TaskCompletionSource<TValue?>(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            _waiting.Enqueue(lookup);
            if (_queries == MaxQueries)
            {
                return lookup.Found.Task.WaitAsync(cancellationToken);
            }

            _queries++;
        }

        _ = RunAsync();
        return lookup.Found.Task.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        while (TakeBatch() is { Count: > 0 } batch)
        {
            try
            {
                var values = await load([.. batch.Select(lookup => lookup.Key)]);
                batch.ForEach(lookup => lookup.Found.SetResult(values.GetValueOrDefault(lookup.Key)));
            }
            catch (Exception failure)
            {
                batch.ForEach(lookup => lookup.Found.SetException(failure));
            }
        }
    }

    /// <summary>Takes the next batch; an empty one ends the caller's loop.</summary>
    private List<Lookup> TakeBatch()
    {
        lock (_lock)
        {
            var batch = new List<Lookup>();
            while (batch.Count < JobRows.MaxKeys && _waiting.TryDequeue(out var lookup))
            {
                batch.Add(lookup);
            }

            _queries -= batch.Count == 0 ? 1 : 0;
            return batch;
        }
    }

    private sealed record Lookup(Guid Key, TaskCompletionSource<TValue?> Found);
}
