namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// The parts that were written last, of all uploads, for their hashes: parts come nearly in order, and a part whose
/// turn comes soon need not be read again. A part that waits for one that never comes makes room for later ones. Safe
/// for many threads.
/// </summary>
internal sealed class RecentParts
{
    /// <summary>Eight parts of the client's size, twice as many as it sends at a time.</summary>
    private const long MaxBytes = 17 << 20;

    private readonly Lock _lock = new();
    private readonly Queue<RecentPart> _parts = [];
    private long _bytes;

    /// <summary>Keeps a part until others have come that need the room, or it is taken.</summary>
    public RecentPart Keep(PartBuffer part)
    {
        var recent = new RecentPart(part.Share());
        lock (_lock)
        {
            _parts.Enqueue(recent);
            _bytes += recent.MemoryBytes;
            while (_bytes > MaxBytes)
            {
                var oldest = _parts.Dequeue();
                _bytes -= oldest.MemoryBytes;
                oldest.Take()?.Dispose();
            }
        }

        return recent;
    }
}
