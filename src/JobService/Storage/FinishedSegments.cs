namespace ForegSyte.Jobs.Storage;

/// <summary>Which segments of a job's plan are stored; a gap counts as stored. Thread-safe.</summary>
/// <param name="plan">Adjacent segments in ascending order, starting at frame 0.</param>
internal sealed class FinishedSegments(IReadOnlyList<Segment> plan)
{
    private readonly Lock _lock = new();
    private readonly int[] _ends = [.. plan.Select(segment => segment.EndFrame)];
    private readonly bool[] _gaps = [.. plan.Select(segment => segment.IsGap)];
    private readonly bool[] _stored = [.. plan.Select(segment => segment.IsGap)];
    private int _prefix;

    /// <summary>Number of segments in the plan.</summary>
    public int Count => _ends.Length;

    /// <summary>Number of gaps in the plan.</summary>
    public int GapCount => _gaps.Count(isGap => isGap);

    /// <summary>Number of stored segments.</summary>
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

    /// <summary>Number of stored segments before the first missing one.</summary>
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

    /// <summary>The segment with a number.</summary>
    public Segment this[int number] => new(number, number == 0 ? 0 : _ends[number - 1], _ends[number], _gaps[number]);

    /// <summary>End frame of the first <paramref name="count"/> segments.</summary>
    public int EndFrameOf(int count) => count == 0 ? 0 : _ends[count - 1];

    /// <summary>Number of the segment with a frame; <see cref="Count"/> if the frame is past the end.</summary>
    public int NumberOf(int frame)
    {
        var found = Array.BinarySearch(_ends, frame);
        return found >= 0 ? found + 1 : ~found;
    }

    /// <summary>Records that a segment was stored; false if it is not one of this plan.</summary>
    public bool TryMarkStored(Segment segment)
    {
        if (segment.Number >= Count || this[segment.Number] != segment)
        {
            return false;
        }

        lock (_lock)
        {
            _stored[segment.Number] = true;
            return true;
        }
    }

    /// <summary>Records that a segment is missing or damaged.</summary>
    public void MarkMissing(int number)
    {
        lock (_lock)
        {
            _stored[number] = false;
            _prefix = Math.Min(_prefix, number);
        }
    }
}
