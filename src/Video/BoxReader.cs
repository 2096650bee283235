using System.Buffers.Binary;

namespace ForegSyte.Video;

/// <summary>A box of an MP4 without its header.</summary>
/// <param name="Type">The four letters of its type as a number.</param>
/// <param name="Start">First byte after the header.</param>
/// <param name="End">Byte after the last one.</param>
internal readonly record struct Box(uint Type, long Start, long End)
{
    public long Length => End - Start;

    public bool Is(ReadOnlySpan<byte> type) => BinaryPrimitives.ReadUInt32BigEndian(type) == Type;
}

/// <summary>Walks the boxes of an MP4 (ISO/IEC 14496-12, 4.2), up to boxes that contradict each other.</summary>
/// <param name="file">The file, seekable.</param>
/// <param name="cancellationToken">Ends the reading.</param>
internal class BoxReader(Stream file, CancellationToken cancellationToken)
{
    /// <summary>Maximum number of boxes to read.</summary>
    private const int MaxBoxes = 100_000;

    private int _boxes;

    /// <summary>The boxes between two offsets, up to bytes that are no box.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IEnumerable<Box> Boxes(long start, long end)
    {
        while (end - start >= 8 && _boxes++ < MaxBoxes)
        {
            var header = Bytes(start, 16);
            if (header.Length < 8)
            {
                yield break;
            }

            long size = BinaryPrimitives.ReadUInt32BigEndian(header);
            var isLong = size == 1 && header.Length == 16;
            size = isLong ? BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(8)) : size == 0 ? end - start : size;
            var headerSize = isLong ? 16 : 8;
            if (size < headerSize || size > end - start)
            {
                yield break;
            }

            yield return new Box(
                BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)), start + headerSize, start + size);
            start += size;
        }
    }

    /// <summary>A 32-bit number; 0 behind the end of the file.</summary>
    public long Number(long offset) =>
        Bytes(offset, 4) is { Length: 4 } bytes ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;

    /// <summary>Up to a number of bytes, fewer at the end of the file.</summary>
    public byte[] Bytes(long offset, int count)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = new byte[count];
        file.Position = offset;
        return bytes[..file.ReadAtLeast(bytes, count, throwOnEndOfStream: false)];
    }
}
