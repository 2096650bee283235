namespace ForegSyte.Jobs.Storage.Segments;

/// <summary>Which segments of a job's plan are stored. Safe for several threads.</summary>
/// <param name="plan">The plan: ascending, adjacent, from frame 0 on.</param>
/// <param name="isStored">Whether a segment is stored; asked once for each, now.</param>
internal sealed class FinishedSegments(IReadOnlyList<Segment> plan, Func<Segment, bool> isStored)
{
    private readonly Lock _lock = new();
    private readonly int[] _ends = [.. plan.Select(segment => segment.EndFrame)];
    private readonly bool[] _stored = [.. plan.Select(isStored)];
    private int _prefix;

    /// <summary>Segments of the plan.</summary>
    public int Count => _ends.Length;

    /// <summary>Segments that are stored, with gaps or without.</summary>
    public int StoredCount
    {
        get
        {
            lock (_lock)
            {
                return _stored.Count(isStored => isStored);
            }
        }
    }

    /// <summary>Segments that are stored without a gap from frame 0 on.</summary>
    public int PrefixCount
    {
        get
        {
            lock (_lock)
            {
                while (_prefix < _stored.Length && _stored[_prefix])
                {
                    _prefix++;
                }

                return _prefix;
            }
        }
    }

    /// <summary>A segment by its place in the plan.</summary>
    public Segment this[int number] => new(number, number == 0 ? 0 : _ends[number - 1], _ends[number]);

    /// <summary>Index after the last frame of so many segments.</summary>
    public int EndFrameOf(int count) => count == 0 ? 0 : _ends[count - 1];

    /// <summary>Place of the segment that holds a frame; <see cref="Count"/> where the frame lies behind all.</summary>
    public int NumberOf(int frame)
    {
        var found = Array.BinarySearch(_ends, frame);
        return found >= 0 ? found + 1 : ~found;
    }

    /// <summary>Notes that a segment was stored, or turned out to be gone or damaged.</summary>
    public void Mark(int number, bool isStored)
    {
        lock (_lock)
        {
            _stored[number] = isStored;
            _prefix = isStored ? _prefix : Math.Min(_prefix, number);
        }
    }
}
