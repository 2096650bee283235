namespace ForegSyte.Jobs;

/// <summary>
/// Cuts the frames of a job into segments. Pure. A segment begins on a key frame where one is near, since decoding can
/// only begin there; a stretch without key frames that is longer than a segment is cut anyway, which costs decoding
/// the frames before the cut once more.
/// </summary>
internal static class SegmentPlan
{
    /// <summary>
    /// Plans the segments: ascending, adjacent, none empty; together exactly 0 to <see cref="EndFrame"/>.
    /// </summary>
    /// <param name="frameCount">Frames of the video, more than 0.</param>
    /// <param name="keyFrames">Indexes of key frames, ascending.</param>
    /// <param name="frameStride">Every n-th frame is analyzed; 1 or more.</param>
    /// <param name="maxFrames">Most frames to analyze; 0 for no limit.</param>
    /// <param name="segmentFrames">Analyzed frames that a segment should have; 1 or more.</param>
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

    /// <summary>Index after the last frame that has to be decoded.</summary>
    public static int EndFrame(int frameCount, int frameStride, int maxFrames) =>
        maxFrames == 0 ? frameCount : (int)Math.Min(frameCount, ((long)(maxFrames - 1) * frameStride) + 1);

    /// <summary>How many frames of the whole video are analyzed.</summary>
    public static int AnalyzedFrames(int frameCount, int frameStride, int maxFrames) =>
        FramesWithin(0, EndFrame(frameCount, frameStride, maxFrames), frameStride);

    /// <summary>How many multiples of the stride lie in a half-open range.</summary>
    public static int FramesWithin(int start, int end, int frameStride) =>
        end <= start ? 0 : ((end - 1) / frameStride) - (start == 0 ? -1 : (start - 1) / frameStride);

    /// <summary>
    /// The last key frame between half a segment and a whole one, else the first up to one and a half, else a whole
    /// one.
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

    /// <summary>Index of the first key frame after a frame (binary search).</summary>
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
