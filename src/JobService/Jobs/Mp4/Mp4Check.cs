using System.Buffers.Binary;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Mp4;

/// <summary>
/// Tells from the boxes of a file (ISO/IEC 14496-12) whether it can be a video worth a job. Reads headers and a few
/// bytes of "moov", never the media data, whatever the size of the file.
/// </summary>
internal static class Mp4Check
{
    /// <summary>
    /// Most bytes of a sane "ftyp" box: 8 of header, 8 of brand and version, and 254 compatible brands.
    /// </summary>
    private const int MaxFileTypeLength = 1_032;

    private const int MinFileTypeLength = 16;

    /// <summary>How many first bytes <see cref="InspectBeginning"/> looks at: size and type of the first box.</summary>
    public const int BeginningBytes = 8;

    /// <summary>Inspects a video. The stream has to be seekable; its position is moved.</summary>
    public static Mp4Verdict Inspect(Stream video)
    {
        if (video.Length == 0)
        {
            return new Mp4Verdict(ErrorReason.EmptyVideo, "The video has no bytes. Check the file and send it again.");
        }

        try
        {
            var boxes = new Mp4Boxes(video);
            RequireFileType(video, boxes);
            var layout = ReadLayout(boxes);
            var tracks = Mp4Tracks.Read(boxes, layout.Movie);
            Judge(layout, tracks);
            return Mp4Verdict.Acceptable;
        }
        catch (Mp4Exception failure)
        {
            return VerdictOf(failure);
        }
    }

    /// <summary>Inspects the first bytes of a video that is still on its way.</summary>
    public static Mp4Verdict InspectBeginning(ReadOnlySpan<byte> beginning)
    {
        if (BeginsWithFileType(beginning))
        {
            return Mp4Verdict.Acceptable;
        }

        return VerdictOf(NoFileType());
    }

    /// <summary>The failure of a video that does not go on to its end.</summary>
    internal static Mp4Exception CutOff(string how) => new(
        ErrorReason.TruncatedMp4,
        $"The video was cut off: {how}. Wait until it is written or copied completely, then send it again.",
        how);

    private static Mp4Verdict VerdictOf(Mp4Exception failure) => new(failure.Problem, failure.Message, failure.Detail);

    /// <summary>The first box: letters elsewhere in the file do not make it an MP4.</summary>
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
                    $"its box '{type}' at byte {box.Start} ends {missing} bytes after the file"));
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

    private static void Judge(Layout layout, Mp4Tracks tracks)
    {
        if (!tracks.HasVideo)
        {
            throw new Mp4Exception(
                ErrorReason.NoVideoTrack,
                "The video has no video track (audio only, perhaps). Submit a file with pictures.");
        }

        if (tracks.VideoSamples == 0 && layout.Fragments == 0)
        {
            throw tracks.IsFragmented
                ? CutOff("it announces fragments and has none")
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
        $"The file is no MP4: {why}. Convert it, for example with \"ffmpeg -i input output.mp4\", and submit that.",
        why);

    /// <summary>What the top level of a file holds.</summary>
    private sealed class Layout
    {
        public Mp4Box? Movie { get; set; }

        public int Fragments { get; set; }

        public bool HasData { get; set; }

        /// <summary>Whether the last fragment came without its data.</summary>
        public bool DataMissing { get; set; }
    }
}
