namespace ForegSyte.Jobs;

/// <summary>A half-open range of frames; one RunPipeline call processes one segment.</summary>
/// <param name="Number">Index in the plan, from 0.</param>
/// <param name="StartFrame">Index of the first frame.</param>
/// <param name="EndFrame">Index after the last frame.</param>
internal sealed record Segment(int Number, int StartFrame, int EndFrame);

/// <summary>
/// Cuts the frames of a job into segments. Pure. A segment begins on a key frame if one is near, because decoding can
/// begin only there. If key frames are further apart than a segment is long, the plan cuts anyway, and the frames
/// before the cut are decoded twice.
/// </summary>
internal static class SegmentPlan
{
    /// <summary>
    /// Plans the segments: ascending, adjacent and not empty; together they cover 0 to <see cref="EndFrame"/>.
    /// </summary>
    /// <param name="frameCount">Frames of the video, more than 0.</param>
    /// <param name="keyFrames">Indexes of key frames, ascending.</param>
    /// <param name="frameStride">The job analyzes every n-th frame; 1 or more.</param>
    /// <param name="maxFrames">Maximum number of frames to analyze; 0 for no limit.</param>
    /// <param name="segmentFrames">Target number of analyzed frames per segment; 1 or more.</param>
    public static IReadOnlyList<Segment> Create(
        int frameCount, IReadOnlyList<int> keyFrames, int frameStride, int maxFrames, int segmentFrames)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frameCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(frameStride, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(maxFrames);
        ArgumentOutOfRangeException.ThrowIfLessThan(segmentFrames, 1);

        var end = EndFrame(frameCount, frameStride, maxFrames);
        var length = (int)Math.Min(int.MaxValue, (long)segmentFrames * frameStride);
        var segments = new List<Segment>();
        for (var start = 0; start < end;)
        {
            var cut = Cut(start, end, length, keyFrames);
            segments.Add(new Segment(segments.Count, start, cut));
            start = cut;
        }

        return segments;
    }

    /// <summary>Index after the last frame that must be decoded.</summary>
    public static int EndFrame(int frameCount, int frameStride, int maxFrames) =>
        maxFrames == 0 ? frameCount : (int)Math.Min(frameCount, ((long)(maxFrames - 1) * frameStride) + 1);

    /// <summary>Number of frames of the whole video that the job analyzes.</summary>
    public static int AnalyzedFrames(int frameCount, int frameStride, int maxFrames) =>
        FramesWithin(0, EndFrame(frameCount, frameStride, maxFrames), frameStride);

    /// <summary>Number of multiples of the stride in a half-open range.</summary>
    public static int FramesWithin(int start, int end, int frameStride) =>
        end <= start ? 0 : ((end - 1) / frameStride) - (start == 0 ? -1 : (start - 1) / frameStride);

    /// <summary>
    /// Prefers the last key frame between half and one segment length, then the first one up to one and a half, then
    /// exactly one length.
    /// </summary>
    private static int Cut(int start, int end, int length, IReadOnlyList<int> keyFrames)
    {
        var whole = start + (long)length;
        var latest = whole + (length / 2);
        if (latest >= end)
        {
            return end;
        }

        var after = FirstAbove(keyFrames, whole);
        if (after > 0 && keyFrames[after - 1] >= start + Math.Max(1L, length / 2))
        {
            return keyFrames[after - 1];
        }

        return after < keyFrames.Count && keyFrames[after] <= latest ? keyFrames[after] : (int)whole;
    }

    /// <summary>Finds the first key frame after a frame by binary search.</summary>
    private static int FirstAbove(IReadOnlyList<int> keyFrames, long frame)
    {
        var (low, high) = (0, keyFrames.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = keyFrames[middle] > frame ? (low, middle) : (middle + 1, high);
        }

        return low;
    }
}
