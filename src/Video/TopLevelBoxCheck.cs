using System.Buffers.Binary;
using System.Text;

namespace ForegSyte.Video;

/// <summary>
/// Checks the top-level boxes of a file (ISO/IEC 14496-12, 4.2) before ffprobe starts: whether it is an MP4 and
/// complete. FFmpeg would decode a truncated video up to its end, but its job must fail.
/// </summary>
internal static class TopLevelBoxCheck
{
    private const int ShortHeader = 8;
    private const int LongHeader = 16;

    /// <summary>
    /// Maximum number of boxes to check. A fragmented file has two for each fragment, and its "moov" comes early.
    /// </summary>
    private const int MaxBoxes = 100_000;

    private const uint Ftyp = 0x66747970;
    private const uint Moov = 0x6D6F6F76;

    /// <summary>Walks the boxes of a seekable stream from its start.</summary>
    /// <exception cref="VideoRefusedException">EMPTY_VIDEO, NOT_AN_MP4, TRUNCATED_MP4.</exception>
    public static void Run(Stream file)
    {
        var length = file.Length;
        if (length == 0)
        {
            throw VideoRefusedException.Empty();
        }

        var hasMoov = false;
        long offset = 0;
        for (var box = 0; box < MaxBoxes && length - offset >= ShortHeader; box++)
        {
            var (type, size) = ReadHeader(file, offset, length);
            if (box == 0 && type != Ftyp)
            {
                throw VideoRefusedException.NotAnMp4("it does not begin with an 'ftyp' box.");
            }

            hasMoov |= type == Moov;
            offset += size;
            if (offset > length)
            {
                throw VideoRefusedException.Truncated($"it ends in the middle of its '{Name(type)}' box.");
            }
        }

        if (offset == 0)
        {
            throw VideoRefusedException.NotAnMp4("it is too short to begin with an 'ftyp' box.");
        }

        if (!hasMoov)
        {
            throw VideoRefusedException.Truncated("its 'moov' box, the packet table, is missing.");
        }
    }

    private static (uint Type, long Size) ReadHeader(Stream file, long offset, long length)
    {
        Span<byte> header = stackalloc byte[LongHeader];
        file.Position = offset;
        var read = file.ReadAtLeast(header, ShortHeader, throwOnEndOfStream: true);
        var type = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        long size = BinaryPrimitives.ReadUInt32BigEndian(header);
        var headerLength = ShortHeader;
        if (size == 0)
        {
            // Size 0 means that the box, the last one, ends with the file.
            return (type, length - offset);
        }

        if (size == 1)
        {
            headerLength = LongHeader;
            if (read < LongHeader)
            {
                throw VideoRefusedException.Truncated($"it ends in the middle of its '{Name(type)}' box.");
            }

            size = BinaryPrimitives.ReadInt64BigEndian(header[ShortHeader..]);
        }

        // The upper bound also keeps offset + size from overflowing.
        return size >= headerLength && size <= long.MaxValue - offset
            ? (type, size)
            : throw VideoRefusedException.NotAnMp4(
                offset == 0 ? "it does not begin with an 'ftyp' box." : "its boxes contradict each other.");
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
