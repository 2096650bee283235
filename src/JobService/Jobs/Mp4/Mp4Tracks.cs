using System.Buffers.Binary;

namespace ForegSyte.Jobs.Mp4;

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

    private static long SamplesOf(Mp4Boxes boxes, Mp4Box information)
    {
        long samples = 0;
        foreach (var table in Named(boxes, information, "stbl"))
        {
            foreach (var box in boxes.Children(table).Where(box => box.Type is "stsz" or "stz2"))
            {
                samples += SampleCount(boxes, box);
            }
        }

        return samples;
    }

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
