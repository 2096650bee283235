using ForegSyte.Jobs.Tenants;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The queue of one process, rebuilt from the database at start. It has no size limit, because every queued job is
/// already durable; Submit:MaxPendingJobs limits the number of pending jobs.
/// </summary>
internal sealed class InMemoryQueue(IOptions<DispatchOptions> options, IOptions<TenantOptions> tenants) : IJobQueue
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, string> _tenants = [];
    private readonly Dictionary<string, RankedIds> _ids = [];
    private readonly TenantTurns _turns = new(
        tenant => tenants.Value.For(tenant).Weight,
        tenant => tenants.Value.For(tenant).MaxRunningJobs is > 0 and var limit ? limit : int.MaxValue);
    private readonly LinkedList<TaskCompletionSource<QueuePlace>> _takers = new();

    /// <inheritdoc />
    public int Size
    {
        get
        {
            lock (_lock)
            {
                return _tenants.Count;
            }
        }
    }

    /// <inheritdoc />
    public bool Enqueue(Guid jobId, string tenant, DateTimeOffset rank)
    {
        lock (_lock)
        {
            if (!_tenants.TryAdd(jobId, tenant))
            {
                return false;
            }

            if (!_ids.TryGetValue(tenant, out var ids))
            {
                _ids[tenant] = ids = new RankedIds();
                _turns.SetWaiting(tenant, true);
            }

            ids.Add(jobId, rank);
            ServeTakers();
            return true;
        }
    }

    /// <inheritdoc />
    public bool Remove(Guid jobId)
    {
        lock (_lock)
        {
            if (!_tenants.Remove(jobId, out var tenant))
            {
                return false;
            }

            _ids[tenant].Remove(jobId);
            DropIfEmpty(tenant);
            return true;
        }
    }

    /// <inheritdoc />
    public int? PositionOf(Guid jobId)
    {
        lock (_lock)
        {
            return _tenants.TryGetValue(jobId, out var tenant) ? _ids[tenant].PositionOf(jobId) : null;
        }
    }

    /// <inheritdoc />
    public async ValueTask<QueuePlace> DequeueAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource<QueuePlace>> taker;
        lock (_lock)
        {
            taker = _takers.AddLast(
                new TaskCompletionSource<QueuePlace>(TaskCreationOptions.RunContinuationsAsynchronously));
            ServeTakers();
        }

        // The taker accepts either an id or the cancellation, whichever is first, so that no id is lost.
        await using var ending = cancellationToken.Register(() =>
        {
            if (taker.Value.TrySetCanceled(cancellationToken))
            {
                Forget(taker);
            }
        });
        return await taker.Value.Task;
    }

    private void ServeTakers()
    {
        while (_takers.First is { } taker
            && _turns.Next(options.Value.MaxConcurrentJobs, options.Value.ReservedJobs) is { } tenant)
        {
            _takers.RemoveFirst();
            var jobId = _ids[tenant].First;
            if (taker.Value.TrySetResult(new QueuePlace(jobId, () => Free(tenant))))
            {
                _tenants.Remove(jobId);
                _ids[tenant].Remove(jobId);
                _turns.Take(tenant);
                DropIfEmpty(tenant);
            }
        }
    }

    private void Free(string tenant)
    {
        lock (_lock)
        {
            _turns.Free(tenant);
            ServeTakers();
        }
    }

    private void DropIfEmpty(string tenant)
    {
        if (_ids[tenant].Count == 0)
        {
            _ids.Remove(tenant);
            _turns.SetWaiting(tenant, false);
        }
    }

    private void Forget(LinkedListNode<TaskCompletionSource<QueuePlace>> taker)
    {
        lock (_lock)
        {
            // Enqueue can have removed the taker already.
            if (taker.List is not null)
            {
                _takers.Remove(taker);
            }
        }
    }
}

/// <summary>
/// Ids ordered by rank, with their positions: a list of sorted chunks. With n ids every operation visits at most
/// n / <see cref="MaxChunkLength"/> chunks and moves at most one chunk's entries, which at 100,000 ids is a few hundred
/// of each. Not thread-safe.
/// </summary>
internal sealed class RankedIds
{
    /// <summary>Maximum number of entries in a chunk; a longer one is split in two.</summary>
    public const int MaxChunkLength = 512;

    private readonly List<List<Entry>> _chunks = [];
    private readonly Dictionary<Guid, DateTimeOffset> _ranks = [];

    public int Count => _ranks.Count;

    /// <summary>The id with the lowest rank. The list must not be empty.</summary>
    public Guid First => _chunks[0][0].JobId;

    /// <summary>Adds an id that is not present.</summary>
    public void Add(Guid jobId, DateTimeOffset rank)
    {
        _ranks.Add(jobId, rank);
        var entry = new Entry(rank, jobId);
        if (_chunks.Count == 0)
        {
            _chunks.Add([entry]);
            return;
        }

        var index = Math.Min(ChunkOf(entry), _chunks.Count - 1);
        var chunk = _chunks[index];
        chunk.Insert(~chunk.BinarySearch(entry), entry);
        if (chunk.Count > MaxChunkLength)
        {
            var half = chunk.Count / 2;
            _chunks.Insert(index + 1, chunk[half..]);
            chunk.RemoveRange(half, chunk.Count - half);
        }
    }

    /// <summary>Removes an id that is present.</summary>
    public void Remove(Guid jobId)
    {
        _ranks.Remove(jobId, out var rank);
        var entry = new Entry(rank, jobId);
        var index = ChunkOf(entry);
        _chunks[index].RemoveAt(_chunks[index].BinarySearch(entry));
        DropIfEmpty(index);
    }

    /// <summary>The position of an id that is present, counted from 1.</summary>
    public int PositionOf(Guid jobId)
    {
        var entry = new Entry(_ranks[jobId], jobId);
        var index = ChunkOf(entry);
        var before = 0;
        for (var earlier = 0; earlier < index; earlier++)
        {
            before += _chunks[earlier].Count;
        }

        return before + _chunks[index].BinarySearch(entry) + 1;
    }

    /// <summary>The first chunk that does not end before the entry; the number of chunks if all do.</summary>
    private int ChunkOf(Entry entry)
    {
        var (low, high) = (0, _chunks.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _chunks[middle][^1].CompareTo(entry) < 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void DropIfEmpty(int index)
    {
        if (_chunks[index].Count == 0)
        {
            _chunks.RemoveAt(index);
        }
    }

    private readonly record struct Entry(DateTimeOffset Rank, Guid JobId) : IComparable<Entry>
    {
        public int CompareTo(Entry other) =>
            Rank.CompareTo(other.Rank) is var order and not 0 ? order : JobId.CompareTo(other.JobId);
    }
}
