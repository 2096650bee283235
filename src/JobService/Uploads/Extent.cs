namespace ForegSyte.Jobs.Uploads;

/// <summary>A half-open range of bytes: Start &lt;= offset &lt; End.</summary>
/// <param name="Start">Offset of the first byte.</param>
/// <param name="End">Offset after the last byte; greater than <paramref name="Start"/>.</param>
internal readonly record struct Extent(long Start, long End)
{
    /// <summary>How many bytes.</summary>
    public long Length => End - Start;

    /// <summary>Whether there are bytes in both.</summary>
    public bool Overlaps(Extent other) => Start < other.End && other.Start < End;
}
