namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Ids in the order of their ranks, which knows the position of each: a list of sorted chunks. With n ids every
/// operation looks at n / <see cref="MaxChunkLength"/> chunks at most and moves at most one chunk's entries, which at
/// 100,000 ids are a few hundred of each. Not safe for several threads.
/// </summary>
internal sealed class RankedIds
{
    /// <summary>Entries of a chunk before it is split in two.</summary>
    public const int MaxChunkLength = 512;

    private readonly List<List<Entry>> _chunks = [];
    private readonly Dictionary<Guid, DateTimeOffset> _ranks = [];

    /// <summary>How many ids there are.</summary>
    public int Count => _ranks.Count;

    /// <summary>Adds an id; false where it is there already, whatever its rank.</summary>
    public bool Add(Guid jobId, DateTimeOffset rank)
    {
        if (!_ranks.TryAdd(jobId, rank))
        {
            return false;
        }

        var entry = new Entry(rank, jobId);
        if (_chunks.Count == 0)
        {
            _chunks.Add([entry]);
            return true;
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

        return true;
    }

    /// <summary>Removes an id; false where it is not there.</summary>
    public bool Remove(Guid jobId)
    {
        if (!_ranks.Remove(jobId, out var rank))
        {
            return false;
        }

        var entry = new Entry(rank, jobId);
        var index = ChunkOf(entry);
        _chunks[index].RemoveAt(_chunks[index].BinarySearch(entry));
        DropIfEmpty(index);
        return true;
    }

    /// <summary>Removes the id of the lowest rank; null where there is none.</summary>
    public Guid? TakeFirst()
    {
        if (Count == 0)
        {
            return null;
        }

        var first = _chunks[0][0];
        _chunks[0].RemoveAt(0);
        DropIfEmpty(0);
        _ranks.Remove(first.JobId);
        return first.JobId;
    }

    /// <summary>How many ids come before this one, and 1; null where it is not there.</summary>
    public int? PositionOf(Guid jobId)
    {
        if (!_ranks.TryGetValue(jobId, out var rank))
        {
            return null;
        }

        var entry = new Entry(rank, jobId);
        var index = ChunkOf(entry);
        var before = 0;
        for (var earlier = 0; earlier < index; earlier++)
        {
            before += _chunks[earlier].Count;
        }

        return before + _chunks[index].BinarySearch(entry) + 1;
    }

    /// <summary>The first chunk that does not end before the entry; past the last one where all do.</summary>
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
