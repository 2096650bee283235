namespace ForegSyte.Jobs.Uploads;

/// <summary>A half-open range of bytes: Start &lt;= offset &lt; End.</summary>
/// <param name="Start">Offset of the first byte.</param>
/// <param name="End">Offset after the last byte; greater than <paramref name="Start"/>.</param>
internal readonly record struct Extent(long Start, long End)
{
    /// <summary>Number of bytes.</summary>
    public long Length => End - Start;

    /// <summary>Whether the two extents have a byte in common.</summary>
    public bool Overlaps(Extent other) => Start < other.End && other.Start < End;
}

/// <summary>
/// A set of byte offsets, kept as ascending extents that neither overlap nor touch. Adding costs a binary search and a
/// shift of the extents behind.
/// </summary>
internal sealed class ExtentSet
{
    private readonly List<Extent> _extents = [];

    /// <summary>Number of extents.</summary>
    public int Count => _extents.Count;

    /// <summary>Number of bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>End of the extent that begins at offset 0; 0 if there is none.</summary>
    public long PrefixEnd => _extents is [{ Start: 0 } first, ..] ? first.End : 0;

    /// <summary>A copy of the extents.</summary>
    public IReadOnlyList<Extent> ToList() => [.. _extents];

    /// <summary>Adds an extent, which may overlap the set.</summary>
    public void Add(Extent added)
    {
        var (first, end) = Touching(added);
        if (end > first)
        {
            added = new Extent(
                Math.Min(added.Start, _extents[first].Start), Math.Max(added.End, _extents[end - 1].End));
        }

        for (var i = first; i < end; i++)
        {
            Bytes -= _extents[i].Length;
        }

        Bytes += added.Length;
        _extents.RemoveRange(first, end - first);
        _extents.Insert(first, added);
    }

    /// <summary>Number of extents after a call of <see cref="Add"/>.</summary>
    public int CountAfter(Extent added)
    {
        var (first, end) = Touching(added);
        return _extents.Count + 1 - (end - first);
    }

    /// <summary>The parts of an extent that the set does not contain, ascending.</summary>
    public IReadOnlyList<Extent> MissingIn(Extent wanted)
    {
        var missing = new List<Extent>();
        var (first, end) = Touching(wanted);
        var start = wanted.Start;
        for (var i = first; i < end; i++)
        {
            if (_extents[i].Start > start)
            {
                missing.Add(new Extent(start, Math.Min(_extents[i].Start, wanted.End)));
            }

            start = Math.Max(start, _extents[i].End);
        }

        if (start < wanted.End)
        {
            missing.Add(new Extent(start, wanted.End));
        }

        return missing;
    }

    /// <summary>The index range of the extents that overlap or touch an extent.</summary>
    private (int First, int End) Touching(Extent extent)
    {
        var first = FirstWhere(existing => existing.End >= extent.Start);
        var end = first;
        while (end < _extents.Count && _extents[end].Start <= extent.End)
        {
            end++;
        }

        return (first, end);
    }

    /// <summary>Binary search for the first extent that meets a monotonic condition.</summary>
    private int FirstWhere(Predicate<Extent> condition)
    {
        var (low, high) = (0, _extents.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (condition(_extents[middle]))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }
}
