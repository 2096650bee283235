using System.Buffers.Binary;
using System.Text;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Mp4;

/// <summary>
/// Checks from the boxes of a file (ISO/IEC 14496-12) whether it can be a decodable video. Reads headers and a few
/// bytes of "moov" but never the media data, so its cost does not depend on the file's size.
/// </summary>
internal static class Mp4Check
{
    /// <summary>
    /// Maximum size of the "ftyp" box: 8 bytes of header, 8 of brand and version, and 254 compatible brands.
    /// </summary>
    private const int MaxFileTypeLength = 1_032;

    private const int MinFileTypeLength = 16;

    /// <summary>Bytes that <see cref="InspectBeginning"/> needs: size and type of the first box.</summary>
    public const int BeginningBytes = 8;

    /// <summary>Inspects a video. The stream must be seekable; the call moves its position.</summary>
    public static Mp4CheckResult Inspect(Stream video)
    {
        if (video.Length == 0)
        {
            return new Mp4CheckResult(
                ErrorReason.EmptyVideo, "The video has no bytes. Check the file and send it again.");
        }

        try
        {
            var boxes = new Mp4Boxes(video);
            RequireFileType(video, boxes);
            var layout = ReadLayout(boxes);
            var tracks = Mp4Tracks.Read(boxes, layout.Movie);
            RequireFrames(layout, tracks);
            return Mp4CheckResult.Acceptable;
        }
        catch (Mp4Exception failure)
        {
            return failure.Result;
        }
    }

    /// <summary>Inspects the first bytes of a video that is still arriving.</summary>
    public static Mp4CheckResult InspectBeginning(ReadOnlySpan<byte> beginning) =>
        BeginsWithFileType(beginning) ? Mp4CheckResult.Acceptable : NoFileType().Result;

    /// <summary>The error for a truncated video.</summary>
    internal static Mp4Exception CutOff(string how) => new(
        ErrorReason.TruncatedMp4,
        $"The video is cut off: {how}. Wait until the file is completely written or copied, then send it again.",
        how);

    /// <summary>Requires "ftyp" as the first box; the letters elsewhere do not make a file an MP4.</summary>
    private static void RequireFileType(Stream video, Mp4Boxes boxes)
    {
        Span<byte> header = stackalloc byte[MinFileTypeLength];
        video.Position = 0;
        var read = video.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (!BeginsWithFileType(header[..read]))
        {
            throw NoFileType();
        }

        var size = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (size is < MinFileTypeLength or > MaxFileTypeLength || size % 4 != 0)
        {
            throw NotAnMp4(FormattableString.Invariant($"its 'ftyp' box claims {size} bytes"));
        }

        if (size > boxes.Length)
        {
            throw CutOff("it ends inside its first box");
        }

        if (header[8..12].ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            throw NotAnMp4("the brand in its 'ftyp' box is not four characters");
        }
    }

    private static Layout ReadLayout(Mp4Boxes boxes)
    {
        var layout = new Layout();
        for (long at = 0; at < boxes.Length;)
        {
            var box = boxes.ReadHeader(at, boxes.Length);
            if (box.End > boxes.Length)
            {
                var type = Mp4Boxes.Printable(box.Type);
                var missing = box.End - boxes.Length;
                throw CutOff(FormattableString.Invariant(
                    $"its box '{type}' at byte {box.Start} ends {missing} bytes after the end of the file"));
            }

            switch (box.Type)
            {
                case "moov":
                    layout.Movie ??= box;
                    break;
                case "moof":
                    layout.Fragments++;
                    layout.DataMissing = true;
                    break;
                case "mdat":
                    layout.HasData = true;
                    layout.DataMissing = false;
                    break;
            }

            at = box.End;
        }

        return layout;
    }

    private static void RequireFrames(Layout layout, Mp4Tracks tracks)
    {
        if (!tracks.HasVideo)
        {
            throw new Mp4Exception(
                ErrorReason.NoVideoTrack,
                "The file has no video track; it may be audio only. Submit a file with a video track.");
        }

        if (tracks.VideoSamples == 0 && layout.Fragments == 0)
        {
            throw tracks.IsFragmented
                ? CutOff("it declares fragments but contains none")
                : new Mp4Exception(
                    ErrorReason.NoFrames, "The video track has no frames. Record or export the video again.");
        }

        if (!layout.HasData || layout.DataMissing)
        {
            throw CutOff("the data of its frames ('mdat') is missing");
        }
    }

    private static bool BeginsWithFileType(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= BeginningBytes && bytes[4..8].SequenceEqual("ftyp"u8);

    private static Mp4Exception NoFileType() => NotAnMp4("it does not begin with an 'ftyp' box");

    private static Mp4Exception NotAnMp4(string why) => new(
        ErrorReason.NotAnMp4,
        $"The file is not an MP4: {why}. Convert it, for example with \"ffmpeg -i input output.mp4\", and submit the "
        + "result.",
        why);

    /// <summary>The top level of a file.</summary>
    private sealed class Layout
    {
        public Mp4Box? Movie { get; set; }

        public int Fragments { get; set; }

        public bool HasData { get; set; }

        /// <summary>Whether the last fragment lacks its data.</summary>
        public bool DataMissing { get; set; }
    }
}

/// <summary>The result of an MP4 check.</summary>
/// <param name="Problem">Why the video is refused; null if it is acceptable.</param>
/// <param name="Message">What is wrong and what to do about it; empty if the video is acceptable.</param>
/// <param name="Detail">The variable part of the message; can be empty.</param>
internal sealed record Mp4CheckResult(ErrorReason? Problem, string Message, string Detail = "")
{
    /// <summary>The check found no reason against decoding the video.</summary>
    public static readonly Mp4CheckResult Acceptable = new(null, "");
}

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

/// <summary>Ends the check at the first problem; never leaves <see cref="Mp4Check"/>.</summary>
/// <param name="problem">Why the video is refused.</param>
/// <param name="message">The reason in words.</param>
/// <param name="detail">The variable part of the message.</param>
internal sealed class Mp4Exception(ErrorReason problem, string message, string detail = "") : Exception(message)
{
    public Mp4CheckResult Result { get; } = new(problem, message, detail);
}

/// <summary>The video tracks listed in the "moov" box.</summary>
/// <param name="HasVideo">Whether a track has the handler "vide".</param>
/// <param name="VideoSamples">Frames in the sample tables of all video tracks.</param>
/// <param name="IsFragmented">Whether the file can have fragments ("mvex").</param>
internal sealed record Mp4Tracks(bool HasVideo, long VideoSamples, bool IsFragmented)
{
    /// <summary>
    /// Reads the tracks along a fixed path (moov, trak, mdia, minf, stbl, stsz), without recursion.
    /// </summary>
    /// <exception cref="Mp4Exception">The movie box is missing, or its boxes contradict each other.</exception>
    public static Mp4Tracks Read(Mp4Boxes boxes, Mp4Box? movie)
    {
        if (movie is not { } moov)
        {
            throw Mp4Check.CutOff("its index ('moov') is missing");
        }

        var hasVideo = false;
        var isFragmented = false;
        long samples = 0;
        foreach (var box in boxes.Children(moov))
        {
            isFragmented |= box.Type == "mvex";
            if (box.Type == "trak" && VideoSamplesOf(boxes, box) is { } count)
            {
                hasVideo = true;
                samples += count;
            }
        }

        return new Mp4Tracks(hasVideo, samples, isFragmented);
    }

    /// <summary>The frames of a track; null if it is not a video track.</summary>
    private static long? VideoSamplesOf(Mp4Boxes boxes, Mp4Box track)
    {
        var isVideo = false;
        long samples = 0;
        foreach (var media in Named(boxes, track, "mdia"))
        {
            foreach (var box in boxes.Children(media))
            {
                isVideo |= box.Type == "hdlr" && IsVideoHandler(boxes, box);
                samples += box.Type == "minf" ? SamplesOf(boxes, box) : 0;
            }
        }

        return isVideo ? samples : null;
    }

    private static long SamplesOf(Mp4Boxes boxes, Mp4Box information) =>
        Named(boxes, information, "stbl")
            .SelectMany(boxes.Children)
            .Where(box => box.Type is "stsz" or "stz2")
            .Sum(box => (long)SampleCount(boxes, box));

    /// <summary>The layout: version and flags, four bytes used by QuickTime, the handler.</summary>
    private static bool IsVideoHandler(Mp4Boxes boxes, Mp4Box handler)
    {
        Span<byte> payload = stackalloc byte[12];
        boxes.ReadPayload(handler, payload);
        return payload[8..].SequenceEqual("vide"u8);
    }

    /// <summary>The layout of both boxes: version and flags, the sample size or its width, the count.</summary>
    private static uint SampleCount(Mp4Boxes boxes, Mp4Box sizes)
    {
        Span<byte> payload = stackalloc byte[12];
        boxes.ReadPayload(sizes, payload);
        return BinaryPrimitives.ReadUInt32BigEndian(payload[8..]);
    }

    private static IEnumerable<Mp4Box> Named(Mp4Boxes boxes, Mp4Box parent, string type) =>
        boxes.Children(parent).Where(box => box.Type == type);
}
