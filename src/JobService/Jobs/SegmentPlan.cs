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

        return Cut(0, 0, EndFrame(frameCount, frameStride, maxFrames), keyFrames, frameStride, segmentFrames);
    }

    /// <summary>
    /// Plans the segments after a plan that hold the next frames to analyze: exactly so many, or all up to the end of
    /// the video. Empty if the video has no more.
    /// </summary>
    /// <param name="plan">The plan so far; not empty.</param>
    /// <param name="moreFrames">Number of frames to analyze, more than 0.</param>
    /// <param name="frameCount">Frames of the video, more than 0.</param>
    /// <param name="keyFrames">Indexes of key frames, ascending.</param>
    /// <param name="frameStride">The job analyzes every n-th frame; 1 or more.</param>
    /// <param name="segmentFrames">Target number of analyzed frames per segment; 1 or more.</param>
    public static IReadOnlyList<Segment> Extend(
        IReadOnlyList<Segment> plan, int moreFrames, int frameCount, IReadOnlyList<int> keyFrames, int frameStride,
        int segmentFrames)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(moreFrames, 1);
        var start = plan[^1].EndFrame;
        var first = ((long)start + frameStride - 1) / frameStride * frameStride;
        var end = (int)Math.Min(frameCount, first + ((moreFrames - 1L) * frameStride) + 1);
        return first >= frameCount ? [] : Cut(plan.Count, start, end, keyFrames, frameStride, segmentFrames);
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

    private static List<Segment> Cut(
        int number, int start, int end, IReadOnlyList<int> keyFrames, int frameStride, int segmentFrames)
    {
        var length = (int)Math.Min(int.MaxValue, (long)segmentFrames * frameStride);
        var segments = new List<Segment>();
        while (start < end)
        {
            var cut = Cut(start, end, length, keyFrames);
            segments.Add(new Segment(number + segments.Count, start, cut));
            start = cut;
        }

        return segments;
    }

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

/// <summary>
/// Plans a job so that it analyzes max_frames frames although some cannot be decoded: when all planned segments are
/// finished, an extension covers as many frames as were lost, until none are missing or the video ends. Each extension
/// follows from the segments before it, so that every attempt makes the same ones, and none can give too many results.
/// Pure.
/// </summary>
/// <param name="frameCount">Frames of the video, more than 0.</param>
/// <param name="keyFrames">Indexes of key frames, ascending.</param>
/// <param name="frameStride">The job analyzes every n-th frame; 1 or more.</param>
/// <param name="maxFrames">Maximum number of frames to analyze; 0 for no limit.</param>
/// <param name="segmentFrames">Target number of analyzed frames per segment; 1 or more.</param>
/// <param name="loss">How many frames the job can lose.</param>
internal sealed class SegmentPlanner(
    int frameCount, IReadOnlyList<int> keyFrames, int frameStride, int maxFrames, int segmentFrames,
    FrameLossOptions loss)
{
    private readonly int _endOfStart = SegmentPlan.EndFrame(frameCount, frameStride, maxFrames);

    /// <summary>Frames to analyze if none is lost.</summary>
    public int FramesTotal => SegmentPlan.AnalyzedFrames(frameCount, frameStride, maxFrames);

    public int SegmentFrames => segmentFrames;

    /// <summary>The plan before any extension.</summary>
    public IReadOnlyList<Segment> Start() =>
        SegmentPlan.Create(frameCount, keyFrames, frameStride, maxFrames, segmentFrames);

    /// <summary>A stored plan if it is one of this job and video, perhaps with extensions; null otherwise.</summary>
    public IReadOnlyList<Segment>? Accept(IReadOnlyList<Segment>? stored) =>
        stored is [.., { } last] && LengthOfStart(stored) > 0
            && last.EndFrame <= (maxFrames == 0 ? _endOfStart : frameCount)
                ? stored
                : null;

    /// <summary>Number of segments of a stored plan before its extensions; 0 if it is not a plan of this job.</summary>
    public int LengthOfStart(IReadOnlyList<Segment> stored) =>
        stored.TakeWhile(segment => segment.EndFrame < _endOfStart).Count() is var index
            && index < stored.Count && stored[index].EndFrame == _endOfStart
                ? index + 1
                : 0;

    /// <summary>
    /// The segments to run after all planned ones are finished; empty if max_frames are analyzed, the video ends, or
    /// the job has lost too many frames to succeed.
    /// </summary>
    /// <param name="plan">The plan so far.</param>
    /// <param name="analyzed">Analyzed frames of its segments.</param>
    /// <param name="lost">Lost frames of its segments.</param>
    public IReadOnlyList<Segment> Extend(IReadOnlyList<Segment> plan, int analyzed, int lost) =>
        maxFrames == 0 || analyzed >= maxFrames || FrameLoss.IsTooHigh(lost, (long)maxFrames + lost, loss)
            ? []
            : SegmentPlan.Extend(plan, maxFrames - analyzed, frameCount, keyFrames, frameStride, segmentFrames);
}
