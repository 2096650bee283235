namespace ForegSyte.Jobs.Mp4;

/// <summary>Where a box lies (ISO/IEC 14496-12, 4.2).</summary>
/// <param name="Type">Four characters, for example "moov".</param>
/// <param name="Start">Offset of the header in bytes.</param>
/// <param name="PayloadStart">Offset of what follows the header, in bytes.</param>
/// <param name="End">Offset after the box in bytes; may lie past the end of a file that was cut off.</param>
internal readonly record struct Mp4Box(string Type, long Start, long PayloadStart, long End)
{
    /// <summary>Bytes after the header.</summary>
    public long PayloadLength => End - PayloadStart;
}
