using System.Buffers.Binary;
using System.Text;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Mp4;

/// <summary>
/// Reads the headers of boxes, and never what is in them unless asked for. Every read is a few bytes, and their number
/// is limited, so that a hostile file costs little.
/// </summary>
internal sealed class Mp4Boxes(Stream stream)
{
    /// <summary>
    /// Most headers that are read. A day of video in fragments of a second has 170,000 boxes.
    /// </summary>
    public const int MaxBoxes = 500_000;

    private const int HeaderLength = 8;
    private const int LargeHeaderLength = 16;
    private const int UserTypeLength = 16;

    // In place of a size: the box goes on to the end of the file, or a size of 64 bits follows the type.
    private const uint ToTheEnd = 0;
    private const uint LargeSizeFollows = 1;

    private int _boxes;

    /// <summary>Length of the video in bytes.</summary>
    public long Length { get; } = stream.Length;

    /// <summary>
    /// Reads the header at an offset. <paramref name="end"/> is where the surrounding box or the file ends.
    /// </summary>
    /// <exception cref="Mp4Exception">The header is cut off, or its size is smaller than itself.</exception>
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

            // Sizes past what an offset can be are past the end of any file.
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
    /// The boxes inside a box. Fewer bytes than a header at its end are padding, as QuickTime writes it.
    /// </summary>
    /// <exception cref="Mp4Exception">A box reaches out of the one around it.</exception>
    public IEnumerable<Mp4Box> Children(Mp4Box parent)
    {
        for (var at = parent.PayloadStart; parent.End - at >= HeaderLength;)
        {
            var child = ReadHeader(at, parent.End);
            if (child.End > parent.End)
            {
                throw Contradiction(FormattableString.Invariant(
                    $"the box '{Printable(child.Type)}' at byte {child.Start} reaches out of the box '{parent.Type}'"));
            }

            yield return child;
            at = child.End;
        }
    }

    /// <summary>Fills a buffer with the first bytes in a box.</summary>
    /// <exception cref="Mp4Exception">The box is smaller.</exception>
    public void ReadPayload(Mp4Box box, Span<byte> buffer)
    {
        if (box.PayloadLength < buffer.Length)
        {
            throw Contradiction(FormattableString.Invariant($"the box '{box.Type}' at byte {box.Start} is too small"));
        }

        Read(box.PayloadStart, buffer);
    }

    /// <summary>The type of a box for a message: what is not a letter, a digit or a space becomes '?'.</summary>
    public static string Printable(string type) =>
        string.Concat(
            type.Select(character => char.IsAsciiLetterOrDigit(character) || character == ' ' ? character : '?'));

    /// <summary>The failure of a video whose boxes cannot all be right.</summary>
    public static Mp4Exception Contradiction(string what) => new(
        ErrorReason.NotAnMp4,
        $"The video is no valid MP4: {what}. Make the file again, for example with "
        + "\"ffmpeg -i in.mp4 -c copy out.mp4\", and submit that.");

    private static void RequireHeader(bool fits, long start)
    {
        if (!fits)
        {
            throw Mp4Check.CutOff(
                FormattableString.Invariant($"the header of the box at byte {start} is not complete"));
        }
    }

    private void Read(long offset, Span<byte> buffer)
    {
        stream.Position = offset;
        if (stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) < buffer.Length)
        {
            throw Mp4Check.CutOff(FormattableString.Invariant($"there is nothing to read at byte {offset}"));
        }
    }
}
