namespace ForegSyte.Video;

/// <summary>Bytes of a file.</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">Byte after the last one.</param>
internal readonly record struct ByteRange(long Start, long End);

/// <summary>The bytes of an MP4 that FFmpeg needs to open it and to decode some of its frames. Pure.</summary>
internal static class NeededBytes
{
    /// <summary>
    /// Samples of each track from its beginning that FFmpeg may decode to learn about the track before it seeks
    /// (avformat_find_stream_info). It stops after 20 frames of H.264, or 40 of an unknown rate, and what it reads
    /// ahead; if it ever reads more, its decoder complains.
    /// </summary>
    private const int FirstFrames = 64;

    /// <summary>Samples of a track of sound, four seconds of AAC.</summary>
    private const int FirstOtherSamples = 192;

    /// <summary>Bytes of all tracks that FFmpeg reads at most before it seeks (option "probesize").</summary>
    private const int ProbeBytes = 5_000_000;

    /// <summary>Bytes of a track of sound: raw samples have a few bytes each.</summary>
    private const int OtherBytes = 64 * 1024;

    /// <summary>
    /// Samples after the last wanted one, in decode order, that a decoder may read before it has shown the wanted one
    /// and stops: frames that wait for their turn, and those of its threads.
    /// </summary>
    private const int ReadAhead = 64;

    /// <summary>The samples at the beginning of each track, which FFmpeg reads when it opens the file.</summary>
    public static IEnumerable<ByteRange> ToOpen(IReadOnlyList<SampleTable> tables)
    {
        foreach (var table in tables)
        {
            var bytes = 0L;
            for (var sample = 0; sample < table.Count && bytes < ProbeBytes; sample++)
            {
                if (sample >= (table.IsVideo ? FirstFrames : FirstOtherSamples)
                    && (table.IsVideo || bytes >= OtherBytes))
                {
                    break;
                }

                bytes += table.Sizes[sample];
                yield return RangeOf(table, sample);
            }
        }
    }

    /// <summary>The samples from the start of a decoder to the last wanted frame, and those that it reads ahead.
    /// </summary>
    /// <param name="table">The analyzed track.</param>
    /// <param name="start">First byte of the key frame where the decoder starts; null for the first sample.</param>
    /// <param name="frames">First bytes of the frames of the range.</param>
    /// <returns>Null if the table has no sample at one of these bytes.</returns>
    public static IReadOnlyList<ByteRange>? ToDecode(SampleTable table, long? start, IEnumerable<long?> frames)
    {
        if ((start is { } at ? table.SampleAt(at) : 0) is not { } first)
        {
            return null;
        }

        var last = first;
        foreach (var frame in frames)
        {
            if (frame is not { } position || table.SampleAt(position) is not { } sample)
            {
                return null;
            }

            (first, last) = (Math.Min(first, sample), Math.Max(last, sample));
        }

        last = Math.Min(last + ReadAhead, table.Count - 1);
        return [.. Enumerable.Range(first, Math.Max(0, last - first + 1)).Select(sample => RangeOf(table, sample))];
    }

    private static ByteRange RangeOf(SampleTable table, int sample) =>
        new(table.Offsets[sample], table.Offsets[sample] + table.Sizes[sample]);
}
