using System.Buffers.Binary;
using ForegSyte.Protocol.Mp4;
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
            RequireBytesOfFrames(boxes, layout, tracks);
            RequireClear(boxes, layout, tracks);
            return Mp4CheckResult.Acceptable with { TrailingBytes = layout.TrailingBytes };
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
            if (layout.Movie is not null && layout.IsDataComplete && boxes.IsTrailing(at))
            {
                layout.TrailingBytes = boxes.Length - at;
                break;
            }

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
                    layout.Add(box);
                    break;
                case "mdat":
                    layout.IsDataComplete = true;
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

        if (tracks.VideoSamples == 0 && layout.FirstFragments.Count == 0)
        {
            throw tracks.IsFragmented
                ? CutOff("it declares fragments but contains none")
                : new Mp4Exception(
                    ErrorReason.NoFrames, "The video track has no frames. Record or export the video again.");
        }

        if (!layout.IsDataComplete)
        {
            throw CutOff("the data of its frames ('mdat') is missing");
        }
    }

    /// <summary>Requires that the frames have bytes of their own, by the rule of <see cref="SampleUses"/>.</summary>
    private static void RequireBytesOfFrames(Mp4Boxes boxes, Layout layout, Mp4Tracks tracks)
    {
        var bytes = tracks.Video.Aggregate(
            Mp4Tracks.ReadFragmentBytes(boxes, layout.FirstFragments), (sum, track) => sum + track.SampleBytes);
        if (bytes > SampleUses.MaxBytes(boxes.Length))
        {
            throw Mp4Boxes.Contradiction(SampleUses.Problem(boxes.Length));
        }
    }

    /// <summary>Requires that the track that players choose is not encrypted; other tracks may be.</summary>
    private static void RequireClear(Mp4Boxes boxes, Layout layout, Mp4Tracks tracks)
    {
        if (!tracks.Video.Any(track => track.IsEncrypted))
        {
            return;
        }

        var inFragments = Mp4Tracks.ReadFragmentedTracks(boxes, layout.FirstFragments);
        if (tracks.Chosen(inFragments) is { IsEncrypted: true } chosen)
        {
            throw new Mp4Exception(
                ErrorReason.EncryptedVideo,
                $"The video is encrypted (sample entry '{Mp4Boxes.Printable(chosen.SampleEntry)}'), so it cannot be "
                + "decoded. Send it without encryption (DRM).",
                chosen.SampleEntry);
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
        /// <summary>
        /// Maximum number of fragments to look for the tracks of; a track begins in one of the first.
        /// </summary>
        private const int MaxFragmentsKept = 100;

        public Mp4Box? Movie { get; set; }

        public List<Mp4Box> FirstFragments { get; } = [];

        /// <summary>Whether the data of the frames is there, and that of the last fragment.</summary>
        public bool IsDataComplete { get; set; }

        /// <summary>Bytes behind the last box.</summary>
        public long TrailingBytes { get; set; }

        /// <summary>Adds a fragment, whose data must follow.</summary>
        public void Add(Mp4Box fragment)
        {
            IsDataComplete = false;
            if (FirstFragments.Count < MaxFragmentsKept)
            {
                FirstFragments.Add(fragment);
            }
        }
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

    /// <summary>Bytes behind the last box, which decoders ignore.</summary>
    public long TrailingBytes { get; init; }

    /// <summary>What is wrong with a video although it is acceptable; without texts.</summary>
    public IReadOnlyList<Warning> Warnings => TrailingBytes == 0
        ? []
        : [new Warning { Reason = WarningReason.TrailingBytes, Count = TrailingBytes }];
}

/// <summary>Ends the check at the first problem; never leaves <see cref="Mp4Check"/>.</summary>
/// <param name="problem">Why the video is refused.</param>
/// <param name="message">The reason in words.</param>
/// <param name="detail">The variable part of the message.</param>
internal sealed class Mp4Exception(ErrorReason problem, string message, string detail = "") : Exception(message)
{
    public Mp4CheckResult Result { get; } = new(problem, message, detail);
}
