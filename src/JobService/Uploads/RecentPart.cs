namespace ForegSyte.Jobs.Uploads;

/// <summary>A part that is in memory until it is taken, by who wants to hash it or by who needs the room.</summary>
/// <param name="part">The part, which is shared for this.</param>
internal sealed class RecentPart(PartBuffer part)
{
    private PartBuffer? _part = part;

    /// <summary>What it takes of the memory for recent parts.</summary>
    public int MemoryBytes { get; } = part.MemoryBytes;

    /// <summary>Whether nobody has taken it.</summary>
    public bool IsThere => Volatile.Read(ref _part) is not null;

    /// <summary>The part, for the first who asks, who has to dispose it; null for others.</summary>
    public PartBuffer? Take() => Interlocked.Exchange(ref _part, null);
}
