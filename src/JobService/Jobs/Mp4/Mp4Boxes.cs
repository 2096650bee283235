using System.Buffers.Binary;
using System.Text;
using ForegSyte.Protocol.Mp4;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Mp4;

/// <summary>
/// Reads the headers of an MP4's boxes. Every read is a few bytes and the number of reads is limited, so that a hostile
/// file costs little.
/// </summary>
internal sealed class Mp4Boxes(Stream stream)
{
    /// <summary>
    /// Maximum number of headers read. A day of video in fragments of one second has 170,000 boxes.
    /// </summary>
    public const int MaxBoxes = 500_000;

    private const int HeaderLength = 8;
    private const int LargeHeaderLength = 16;
    private const int UserTypeLength = 16;

    // Special values of the size field: the box extends to the end, or a 64-bit size follows the type.
    private const uint ToTheEnd = 0;
    private const uint LargeSizeFollows = 1;

    private int _boxes;

    /// <summary>Size of the video in bytes.</summary>
    public long Length { get; } = stream.Length;

    /// <summary>Whether the rest of the file is no box but bytes that decoders ignore.</summary>
    public bool IsTrailing(long start)
    {
        Span<byte> header = stackalloc byte[LargeHeaderLength];
        header = header[..(int)Math.Min(LargeHeaderLength, Length - start)];
        Read(start, header);
        long size = header.Length < HeaderLength ? ToTheEnd : BinaryPrimitives.ReadUInt32BigEndian(header);
        if (size == LargeSizeFollows)
        {
            size = header.Length < LargeHeaderLength
                ? ToTheEnd
                : BinaryPrimitives.ReadInt64BigEndian(header[HeaderLength..]);
        }

        return TopLevelBox.IsTrailing(header, size, Length - start);
    }

    /// <summary>
    /// Reads the header at an offset; <paramref name="end"/> is the end of the surrounding box or of the file.
    /// </summary>
    /// <exception cref="Mp4Exception">The header is cut off, or the box is smaller than its header.</exception>
    public Mp4Box ReadHeader(long start, long end)
    {
        if (++_boxes > MaxBoxes)
        {
            throw Contradiction(FormattableString.Invariant($"it has more than {MaxBoxes} boxes"));
        }

        Span<byte> header = stackalloc byte[LargeHeaderLength];
        RequireHeader(end - start >= HeaderLength, start);
        Read(start, header[..HeaderLength]);
        var size = BinaryPrimitives.ReadUInt32BigEndian(header);
        var type = Encoding.Latin1.GetString(header[4..HeaderLength]);
        var payload = start + HeaderLength;
        var boxEnd = start + size;
        if (size == LargeSizeFollows)
        {
            RequireHeader(end - start >= LargeHeaderLength, start);
            Read(payload, header[HeaderLength..]);
            payload = start + LargeHeaderLength;

            // A size beyond the range of an offset is past the end of any file.
            var largeSize = BinaryPrimitives.ReadUInt64BigEndian(header[HeaderLength..]);
            boxEnd = largeSize > (ulong)(long.MaxValue - start) ? long.MaxValue : start + (long)largeSize;
        }
        else if (size == ToTheEnd)
        {
            boxEnd = end;
        }

        payload += type == "uuid" ? UserTypeLength : 0;
        return boxEnd >= payload
            ? new Mp4Box(type, start, payload, boxEnd)
            : throw Contradiction(
                FormattableString.Invariant($"the box at byte {start} is smaller than its own header"));
    }

    /// <summary>
    /// Enumerates the boxes inside a box. Trailing bytes shorter than a header are padding, as QuickTime writes it.
    /// </summary>
    /// <exception cref="Mp4Exception">A child extends past its parent.</exception>
    public IEnumerable<Mp4Box> Children(Mp4Box parent)
    {
        for (var at = parent.PayloadStart; parent.End - at >= HeaderLength;)
        {
            var child = ReadHeader(at, parent.End);
            if (child.End > parent.End)
            {
                var type = Printable(child.Type);
                throw Contradiction(FormattableString.Invariant(
                    $"the box '{type}' at byte {child.Start} extends past its parent '{parent.Type}'"));
            }

            yield return child;
            at = child.End;
        }
    }

    /// <summary>Reads the first bytes of a box's payload into a buffer.</summary>
    /// <exception cref="Mp4Exception">The payload is smaller than the buffer.</exception>
    public void ReadPayload(Mp4Box box, Span<byte> buffer)
    {
        if (box.End - box.PayloadStart < buffer.Length)
        {
            throw Contradiction(FormattableString.Invariant($"the box '{box.Type}' at byte {box.Start} is too small"));
        }

        Read(box.PayloadStart, buffer);
    }

    /// <summary>
    /// Enumerates the boxes between two offsets up to the first bytes that are no box, where the standard leaves what
    /// follows to others.
    /// </summary>
    public IEnumerable<Mp4Box> WellFormed(long start, long end)
    {
        while (end - start >= HeaderLength)
        {
            Mp4Box box;
            try
            {
                box = ReadHeader(start, end);
            }
            catch (Mp4Exception) when (_boxes <= MaxBoxes)
            {
                yield break;
            }

            if (box.End > end)
            {
                yield break;
            }

            yield return box;
            start = box.End;
        }
    }

    /// <summary>Reads four bytes, which must be inside a box.</summary>
    public uint ReadUInt32(long offset)
    {
        Span<byte> bytes = stackalloc byte[4];
        Read(offset, bytes);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    /// <summary>
    /// Returns a box type for a message: characters other than letters, digits and spaces become '?'.
    /// </summary>
    public static string Printable(string type) =>
        string.Concat(
            type.Select(character => char.IsAsciiLetterOrDigit(character) || character == ' ' ? character : '?'));

    /// <summary>The error for a video whose boxes contradict each other.</summary>
    public static Mp4Exception Contradiction(string what) => new(
        ErrorReason.NotAnMp4,
        $"The video is not a valid MP4: {what}. Rewrite the file, for example with "
        + "\"ffmpeg -i in.mp4 -c copy out.mp4\", and submit the new file.");

    private static void RequireHeader(bool fits, long start)
    {
        if (!fits)
        {
            throw Mp4Check.CutOff(
                FormattableString.Invariant($"the header of the box at byte {start} is incomplete"));
        }
    }

    private void Read(long offset, Span<byte> buffer)
    {
        stream.Position = offset;
        if (stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) < buffer.Length)
        {
            throw Mp4Check.CutOff(FormattableString.Invariant($"no data follows at byte {offset}"));
        }
    }
}

/// <summary>The position of a box (ISO/IEC 14496-12, 4.2).</summary>
/// <param name="Type">Four characters, for example "moov".</param>
/// <param name="Start">Offset of the header in bytes.</param>
/// <param name="PayloadStart">Offset of the first byte after the header.</param>
/// <param name="End">Offset after the box; past the end of a truncated file.</param>
internal readonly record struct Mp4Box(string Type, long Start, long PayloadStart, long End);
