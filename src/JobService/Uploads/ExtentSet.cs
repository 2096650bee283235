namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// Which bytes are there: ascending extents that neither overlap nor touch. Pure. An addition costs a search, and
/// moving what lies behind it.
/// </summary>
internal sealed class ExtentSet
{
    private readonly List<Extent> _extents = [];

    /// <summary>How many extents.</summary>
    public int Count => _extents.Count;

    /// <summary>How many bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>Up to where there is everything from offset 0 on.</summary>
    public long PrefixEnd => _extents is [{ Start: 0 } first, ..] ? first.End : 0;

    /// <summary>A copy of the extents.</summary>
    public IReadOnlyList<Extent> ToList() => [.. _extents];

    /// <summary>Adds an extent; what of it is there already stays.</summary>
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

    /// <summary>How many extents there would be after <see cref="Add"/>.</summary>
    public int CountAfter(Extent added)
    {
        var (first, end) = Touching(added);
        return _extents.Count + 1 - (end - first);
    }

    /// <summary>The parts of an extent that are not there, ascending.</summary>
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

    /// <summary>The extents that overlap or touch one: from the first index to before the second.</summary>
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

    /// <summary>The first index for which a condition holds that holds for all after it too.</summary>
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
