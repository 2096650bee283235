using System.Buffers.Binary;
using System.Text;
using ForegSyte.Protocol.Mp4;

namespace ForegSyte.Video;

/// <summary>
/// Checks the top-level boxes of a file (ISO/IEC 14496-12, 4.2) before ffprobe starts: whether it is an MP4 and
/// complete. FFmpeg would decode a truncated video up to its end, but its job must fail.
/// </summary>
internal static class TopLevelBoxCheck
{
    private const int LongHeader = 16;

    /// <summary>
    /// Maximum number of boxes to check. A fragmented file has two for each fragment, and its "moov" comes early.
    /// </summary>
    private const int MaxBoxes = 100_000;

    private const uint Ftyp = 0x66747970;
    private const uint Moov = 0x6D6F6F76;
    private const uint Moof = 0x6D6F6F66;
    private const uint Mdat = 0x6D646174;

    /// <summary>
    /// Walks the boxes of a seekable stream from its start; returns the number of bytes after the last box, by the rule
    /// of <see cref="TopLevelBox"/>.
    /// </summary>
    /// <exception cref="VideoRefusedException">EMPTY_VIDEO, NOT_AN_MP4, TRUNCATED_MP4.</exception>
    public static long Run(Stream file)
    {
        var length = file.Length;
        if (length == 0)
        {
            throw VideoRefusedException.Empty();
        }

        bool hasMoov = false, hasData = false;
        long offset = 0, trailing = 0;
        Span<byte> header = stackalloc byte[LongHeader];
        for (var box = 0; box < MaxBoxes && offset < length; box++)
        {
            file.Position = offset;
            var rest = header[..file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false)];
            if (box > 0 && hasMoov && hasData && TopLevelBox.IsTrailing(rest, ClaimedSize(rest), length - offset))
            {
                trailing = length - offset;
                break;
            }

            if (rest.Length < TopLevelBox.HeaderBytes)
            {
                // Before the data of the frames, a few bytes are not the defect to name.
                if (hasMoov && hasData)
                {
                    throw VideoRefusedException.Truncated("it ends in the middle of the header of a box.");
                }

                break;
            }

            var type = BinaryPrimitives.ReadUInt32BigEndian(rest[4..]);
            if (box == 0 && type != Ftyp)
            {
                throw VideoRefusedException.NotAnMp4("it does not begin with an 'ftyp' box.");
            }

            hasMoov |= type == Moov;
            hasData = type == Mdat || (hasData && type != Moof);
            offset = EndOf(rest, type, offset, length);
        }

        if (offset == 0)
        {
            throw VideoRefusedException.NotAnMp4("it is too short to begin with an 'ftyp' box.");
        }

        return hasMoov
            ? trailing
            : throw VideoRefusedException.Truncated("its 'moov' box, the packet table, is missing.");
    }

    /// <summary>The size in a header; 0 if it is "to the end of the file" or incomplete.</summary>
    private static long ClaimedSize(ReadOnlySpan<byte> header)
    {
        if (header.Length < TopLevelBox.HeaderBytes)
        {
            return 0;
        }

        var size = BinaryPrimitives.ReadUInt32BigEndian(header);
        return size != 1 ? size
            : header.Length < LongHeader ? 0
            : BinaryPrimitives.ReadInt64BigEndian(header[TopLevelBox.HeaderBytes..]);
    }

    /// <summary>The offset of the next box.</summary>
    private static long EndOf(ReadOnlySpan<byte> header, uint type, long offset, long length)
    {
        var isLong = BinaryPrimitives.ReadUInt32BigEndian(header) == 1;
        if (isLong && header.Length < LongHeader)
        {
            throw VideoRefusedException.Truncated($"it ends in the middle of its '{Name(type)}' box.");
        }

        var size = ClaimedSize(header);
        if (size == 0 && !isLong)
        {
            // Size 0 means that the box, the last one, ends with the file.
            return length;
        }

        // The upper bound also keeps offset + size from overflowing.
        if (size < (isLong ? LongHeader : TopLevelBox.HeaderBytes) || size > long.MaxValue - offset)
        {
            throw VideoRefusedException.NotAnMp4(
                offset == 0 ? "it does not begin with an 'ftyp' box." : "its boxes contradict each other.");
        }

        return offset + size <= length
            ? offset + size
            : throw VideoRefusedException.Truncated($"it ends in the middle of its '{Name(type)}' box.");
    }

    /// <summary>The four letters of a box type, or its number if they are not all letters or digits.</summary>
    private static string Name(uint type)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, type);
        foreach (var letter in bytes)
        {
            if (!char.IsAsciiLetterOrDigit((char)letter))
            {
                return FormattableString.Invariant($"0x{type:X8}");
            }
        }

        return Encoding.ASCII.GetString(bytes);
    }
}
