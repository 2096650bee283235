using System.Buffers.Binary;
using ForegSyte.Protocol.Mp4;

namespace ForegSyte.Jobs.Mp4;

/// <summary>The video tracks listed in the "moov" box.</summary>
/// <param name="Video">The tracks with the handler "vide", in their order.</param>
/// <param name="IsFragmented">Whether the file can have fragments ("mvex").</param>
internal sealed record Mp4Tracks(IReadOnlyList<Mp4VideoTrack> Video, bool IsFragmented)
{
    /// <summary>Size of the fields of a visual sample entry before its boxes (ISO/IEC 14496-12, 12.1.3).</summary>
    private const int VisualSampleEntryLength = 78;

    /// <summary>
    /// Sizes read from a sample table. A table costs the file at least half a byte a frame, so that the rest of a
    /// longer one is left to the InferenceService.
    /// </summary>
    private const int MaxSizesRead = 1 << 20;

    /// <summary>Version and flags, the size of all frames or its width, the number of frames.</summary>
    private const int SizesHeaderLength = 12;

    /// <summary>Flag of "trun": each frame has its size.</summary>
    private const uint SizesPresent = 0x200;

    /// <summary>Version and flags, the number of entries.</summary>
    private const int SampleDescriptionHeaderLength = 8;

    public bool HasVideo => Video.Count > 0;

    /// <summary>Frames in the sample tables of all video tracks.</summary>
    public long VideoSamples => Video.Sum(track => track.Samples);

    /// <summary>
    /// The track that players choose: the first one that is enabled and has frames; if no enabled one has any, the
    /// first one with frames. Chapter pictures are never chosen.
    /// </summary>
    /// <param name="inFragments">Ids of the tracks that have fragments.</param>
    public Mp4VideoTrack? Chosen(IReadOnlySet<uint> inFragments)
    {
        var withFrames = Video
            .Where(track => !track.IsChapterPictures && (track.Samples > 0 || inFragments.Contains(track.Id)))
            .ToList();
        return withFrames.Find(track => track.IsEnabled) ?? withFrames.Concat(Video).FirstOrDefault();
    }

    /// <summary>Reads the tracks along fixed paths below moov, without recursion.</summary>
    /// <exception cref="Mp4Exception">The movie box is missing, or its boxes contradict each other.</exception>
    public static Mp4Tracks Read(Mp4Boxes boxes, Mp4Box? movie)
    {
        if (movie is not { } moov)
        {
            throw Mp4Check.CutOff("its index ('moov') is missing");
        }

        var isFragmented = false;
        var tracks = new List<Mp4VideoTrack>();
        var chapterTracks = new HashSet<uint>();
        foreach (var box in boxes.Children(moov))
        {
            isFragmented |= box.Type == "mvex";
            if (box.Type == "trak" && ReadTrack(boxes, box, chapterTracks) is { } track)
            {
                tracks.Add(track);
            }
        }

        return new Mp4Tracks(
            [.. tracks.Select(track => track with { IsChapterPictures = chapterTracks.Contains(track.Id) })],
            isFragmented);
    }

    /// <summary>Reads the ids of the tracks in fragments (moof, traf, tfhd).</summary>
    public static IReadOnlySet<uint> ReadFragmentedTracks(Mp4Boxes boxes, IEnumerable<Mp4Box> fragments) => fragments
        .SelectMany(fragment => boxes.WellFormed(fragment.PayloadStart, fragment.End))
        .Where(box => box.Type == "traf")
        .SelectMany(box => boxes.WellFormed(box.PayloadStart, box.End))
        .Where(box => box.Type == "tfhd" && box.End - box.PayloadStart >= 8)
        .Select(box => boxes.ReadUInt32(box.PayloadStart + 4))
        .ToHashSet();

    /// <summary>Reads a track; null if it is not a video track.</summary>
    /// <param name="boxes">The boxes.</param>
    /// <param name="track">The "trak" box.</param>
    /// <param name="chapterTracks">Receives the ids of the tracks that are chapters of this one.</param>
    private static Mp4VideoTrack? ReadTrack(Mp4Boxes boxes, Mp4Box track, HashSet<uint> chapterTracks)
    {
        var (id, isEnabled) = (0U, true);
        var isVideo = false;
        var samples = default(Samples);
        string? encrypted = null;
        foreach (var box in boxes.Children(track))
        {
            switch (box.Type)
            {
                case "tkhd":
                    (id, isEnabled) = ReadHeader(boxes, box);
                    break;
                case "tref":
                    chapterTracks.UnionWith(ReadChapterTracks(boxes, box));
                    break;
                case "mdia":
                    foreach (var media in boxes.Children(box))
                    {
                        isVideo |= media.Type == "hdlr" && IsVideoHandler(boxes, media);
                        if (media.Type == "minf")
                        {
                            samples += ReadSamples(boxes, media, ref encrypted);
                        }
                    }

                    break;
            }
        }

        return isVideo
            ? new Mp4VideoTrack(id, isEnabled, samples.Count, encrypted ?? "") { SampleBytes = samples.Bytes }
            : null;
    }

    /// <summary>
    /// Size of the frames in fragments (moof, traf, trun) that have no size of their own but the default of their track
    /// fragment: a few bytes can list millions of them.
    /// </summary>
    public static Int128 ReadFragmentBytes(Mp4Boxes boxes, IEnumerable<Mp4Box> fragments)
    {
        Int128 bytes = 0;
        foreach (var track in fragments.SelectMany(fragment => boxes.WellFormed(fragment.PayloadStart, fragment.End))
            .Where(box => box.Type == "traf"))
        {
            long defaultSize = 0;
            foreach (var box in boxes.WellFormed(track.PayloadStart, track.End)
                .Where(box => box.End - box.PayloadStart >= 8))
            {
                if (box.Type == "tfhd")
                {
                    defaultSize = ReadDefaultSize(boxes, box);
                }
                else if (box.Type == "trun" && (boxes.ReadUInt32(box.PayloadStart) & SizesPresent) == 0)
                {
                    bytes += (Int128)boxes.ReadUInt32(box.PayloadStart + 4) * SampleUses.Counted(defaultSize);
                }
            }
        }

        return bytes;
    }

    /// <summary>The default size follows fields that flags announce (ISO/IEC 14496-12, 8.8.7); 0 if it is absent.
    /// </summary>
    private static long ReadDefaultSize(Mp4Boxes boxes, Mp4Box header)
    {
        var flags = boxes.ReadUInt32(header.PayloadStart);
        var offset = 8 + ((flags & 0x1) != 0 ? 8 : 0) + ((flags & 0x2) != 0 ? 4 : 0) + ((flags & 0x8) != 0 ? 4 : 0);
        return (flags & 0x10) != 0 && header.End - header.PayloadStart >= offset + 4
            ? boxes.ReadUInt32(header.PayloadStart + offset)
            : 0;
    }

    /// <summary>Reads number and size of the frames, and the sample entry that is encrypted, if any.</summary>
    private static Samples ReadSamples(Mp4Boxes boxes, Mp4Box information, ref string? encrypted)
    {
        var samples = default(Samples);
        foreach (var box in boxes.Children(information).Where(box => box.Type == "stbl").SelectMany(boxes.Children))
        {
            switch (box.Type)
            {
                case "stsz" or "stz2":
                    samples += ReadSizes(boxes, box);
                    break;
                case "stsd":
                    encrypted ??= EncryptedEntryOf(boxes, box);
                    break;
            }
        }

        return samples;
    }

    /// <summary>
    /// The type of the first encrypted sample entry; null if all are clear. Common Encryption and ISMACryp use "encv",
    /// FairPlay "drmi"; both describe the scheme in a "sinf" box (ISO/IEC 14496-12, 8.12).
    /// </summary>
    private static string? EncryptedEntryOf(Mp4Boxes boxes, Mp4Box descriptions)
    {
        foreach (var entry in boxes.WellFormed(
            descriptions.PayloadStart + SampleDescriptionHeaderLength, descriptions.End))
        {
            if (entry.Type is "encv" or "drmi"
                || boxes.WellFormed(entry.PayloadStart + VisualSampleEntryLength, entry.End)
                    .Any(box => box.Type == "sinf"))
            {
                return entry.Type;
            }
        }

        return null;
    }

    /// <summary>
    /// The layout: version and flags, two times, the id; the times have 8 instead of 4 bytes in version 1. The lowest
    /// flag means enabled.
    /// </summary>
    private static (uint Id, bool IsEnabled) ReadHeader(Mp4Boxes boxes, Mp4Box header)
    {
        if (header.End - header.PayloadStart < 24)
        {
            return (0, true);
        }

        var versionAndFlags = boxes.ReadUInt32(header.PayloadStart);
        var idOffset = versionAndFlags >> 24 == 1 ? 20 : 12;
        return (boxes.ReadUInt32(header.PayloadStart + idOffset), (versionAndFlags & 1) != 0);
    }

    private static IEnumerable<uint> ReadChapterTracks(Mp4Boxes boxes, Mp4Box references)
    {
        foreach (var chapters in boxes.WellFormed(references.PayloadStart, references.End)
            .Where(box => box.Type == "chap"))
        {
            // A track has chapters as texts and as pictures; more ids are not worth reading.
            for (var at = chapters.PayloadStart; chapters.End - at >= 4 && at < chapters.PayloadStart + 32; at += 4)
            {
                yield return boxes.ReadUInt32(at);
            }
        }
    }

    /// <summary>The layout: version and flags, four bytes used by QuickTime, the handler.</summary>
    private static bool IsVideoHandler(Mp4Boxes boxes, Mp4Box handler)
    {
        Span<byte> payload = stackalloc byte[12];
        boxes.ReadPayload(handler, payload);
        return payload[8..].SequenceEqual("vide"u8);
    }

    /// <summary>
    /// The layout of both boxes: version and flags, the sample size or its width, the count, the sizes unless all are
    /// equal.
    /// </summary>
    private static Samples ReadSizes(Mp4Boxes boxes, Mp4Box sizes)
    {
        Span<byte> payload = stackalloc byte[SizesHeaderLength];
        boxes.ReadPayload(sizes, payload);
        var size = BinaryPrimitives.ReadUInt32BigEndian(payload[4..]);
        var count = BinaryPrimitives.ReadUInt32BigEndian(payload[8..]);
        if (sizes.Type == "stz2")
        {
            return new Samples(count, count);
        }

        if (size > 0)
        {
            return new Samples(count, (Int128)count * size);
        }

        var listed = Math.Min(count, Math.Min(MaxSizesRead, (sizes.End - sizes.PayloadStart - payload.Length) / 4));
        var table = new byte[payload.Length + (listed * 4)];
        boxes.ReadPayload(sizes, table);
        Int128 bytes = 0;
        for (var at = payload.Length; at < table.Length; at += 4)
        {
            bytes += SampleUses.Counted(BinaryPrimitives.ReadUInt32BigEndian(table.AsSpan(at)));
        }

        return new Samples(count, bytes);
    }

    /// <summary>Number and size of frames.</summary>
    private readonly record struct Samples(long Count, Int128 Bytes)
    {
        public static Samples operator +(Samples left, Samples right) =>
            new(left.Count + right.Count, left.Bytes + right.Bytes);
    }
}

/// <summary>A video track.</summary>
/// <param name="Id">Id of the track; 0 if its header is missing.</param>
/// <param name="IsEnabled">Whether players show the track.</param>
/// <param name="Samples">Frames in its sample table; a fragmented file has none there.</param>
/// <param name="SampleEntry">Type of its first encrypted sample entry; empty if all are clear.</param>
internal sealed record Mp4VideoTrack(uint Id, bool IsEnabled, long Samples, string SampleEntry)
{
    public bool IsEncrypted => SampleEntry.Length > 0;

    /// <summary>
    /// Size of the frames in its sample table, as <see cref="SampleUses"/> counts it and as far as it was read.
    /// </summary>
    public Int128 SampleBytes { get; init; }

    /// <summary>Whether the frames are pictures of another track's chapters.</summary>
    public bool IsChapterPictures { get; init; }
}
