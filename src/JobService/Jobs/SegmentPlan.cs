namespace ForegSyte.Jobs;

/// <summary>A half-open range of frames; one RunPipeline call processes one segment.</summary>
/// <param name="Number">Index in the plan, from 0.</param>
/// <param name="StartFrame">Index of the first frame.</param>
/// <param name="EndFrame">Index after the last frame.</param>
/// <param name="IsGap">
/// Whether it lies between the wanted parts of the video: none of its frames is analyzed, so it needs no call and has
/// no stored response.
/// </param>
internal sealed record Segment(int Number, int StartFrame, int EndFrame, bool IsGap = false);

/// <summary>
/// Cuts the frames of a job into segments. Pure. A segment begins on a key frame if one is near, because decoding can
/// begin only there. If key frames are further apart than a segment is long, the plan cuts anyway, and the frames
/// before the cut are decoded twice. With adaptive sampling a segment begins at a look instead, so that cuts do not
/// change results. Frames between the wanted parts of the video are gaps.
/// </summary>
internal static class SegmentPlan
{
    /// <summary>Minimum target of a small first segment. Less is not worth the start of a decoder.</summary>
    public const int SmallestFirst = 8;

    /// <summary>
    /// The first segments are these parts of the usual length, so that results and progress come early.
    /// </summary>
    private static readonly int[] SmallShares = [4, 2];

    /// <summary>
    /// Plans the segments: ascending, adjacent and not empty; together they cover 0 to the end of the last frame to
    /// analyze, or of the last wanted part without a limit of frames.
    /// </summary>
    /// <param name="frames">The frames to analyze.</param>
    /// <param name="keyFrames">Indexes of key frames, ascending.</param>
    /// <param name="maxFrames">Maximum number of frames to analyze; 0 for no limit.</param>
    /// <param name="segmentFrames">Target number of analyzed frames per segment; 1 or more.</param>
    /// <param name="startsSmall">
    /// Whether the first two segments have a quarter and a half of the target, if that is more than
    /// <see cref="SmallestFirst"/>.
    /// </param>
    public static IReadOnlyList<Segment> Create(
        FrameSelection frames, IReadOnlyList<int> keyFrames, int maxFrames, int segmentFrames,
        bool startsSmall = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxFrames);
        ArgumentOutOfRangeException.ThrowIfLessThan(segmentFrames, 1);

        return Cut(0, 0, EndFrame(frames, maxFrames), frames, keyFrames, segmentFrames, startsSmall);
    }

    /// <summary>
    /// Plans the segments after a plan that hold the next frames to analyze: exactly so many, or all of the wanted
    /// parts. Empty if these have no more.
    /// </summary>
    /// <param name="plan">The plan so far; not empty.</param>
    /// <param name="moreFrames">Number of frames to analyze, more than 0.</param>
    /// <param name="frames">The frames to analyze.</param>
    /// <param name="keyFrames">Indexes of key frames, ascending.</param>
    /// <param name="segmentFrames">Target number of analyzed frames per segment; 1 or more.</param>
    public static IReadOnlyList<Segment> Extend(
        IReadOnlyList<Segment> plan, int moreFrames, FrameSelection frames, IReadOnlyList<int> keyFrames,
        int segmentFrames)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(moreFrames, 1);
        var start = plan[^1].EndFrame;
        return frames.Count(start, frames.EndFrame) == 0
            ? []
            : Cut(
                plan.Count, start, frames.EndOf(start, moreFrames), frames, keyFrames, segmentFrames,
                startsSmall: false);
    }

    /// <summary>Index after the last frame that must be decoded.</summary>
    public static int EndFrame(FrameSelection frames, int maxFrames) =>
        maxFrames == 0 ? frames.EndFrame : frames.EndOf(0, maxFrames);

    /// <summary>Number of frames that the job analyzes.</summary>
    public static int AnalyzedFrames(FrameSelection frames, int maxFrames) =>
        frames.Count(0, EndFrame(frames, maxFrames));

    /// <summary>Number of multiples of the stride in a half-open range.</summary>
    public static int FramesWithin(int start, int end, int frameStride) =>
        end <= start ? 0 : ((end - 1) / frameStride) - (start == 0 ? -1 : (start - 1) / frameStride);

    private static List<Segment> Cut(
        int number, int start, int end, FrameSelection frames, IReadOnlyList<int> keyFrames, int segmentFrames,
        bool startsSmall)
    {
        var run = 0;
        var segments = new List<Segment>();
        foreach (var part in frames.Parts.Where(part => part.End > start && part.Start < end))
        {
            if (start < part.Start)
            {
                Add(part.Start, isGap: true);
            }

            var last = Math.Min(end, part.End);
            while (start < last)
            {
                var length = NextLength();
                Add(
                    frames.CutInterval > 0
                        ? CutAtInterval(start, last, length, frames.CutInterval)
                        : Cut(start, last, length, keyFrames),
                    isGap: false);
            }
        }

        return segments;

        int NextLength()
        {
            var share = startsSmall && run < SmallShares.Length ? SmallShares[run] : 1;
            run++;
            var target = segmentFrames / share >= SmallestFirst ? segmentFrames / share : segmentFrames;
            return (int)Math.Min(int.MaxValue, (long)target * frames.Stride);
        }

        void Add(int cut, bool isGap)
        {
            segments.Add(new Segment(number + segments.Count, start, cut, isGap));
            start = cut;
        }
    }

    /// <summary>The last multiple of the interval within a length, else the next one.</summary>
    private static int CutAtInterval(int start, int end, int length, int interval)
    {
        var whole = (start + (long)length) / interval * interval;
        var cut = whole > start ? whole : ((start / interval) + 1L) * interval;
        return cut + (length / 2) >= end ? end : (int)cut;
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
/// <param name="frames">The frames to analyze.</param>
/// <param name="keyFrames">Indexes of key frames, ascending.</param>
/// <param name="maxFrames">Maximum number of frames to analyze; 0 for no limit.</param>
/// <param name="segmentFrames">Target number of analyzed frames per segment; 1 or more.</param>
/// <param name="loss">How many frames the job can lose.</param>
internal sealed class SegmentPlanner(
    FrameSelection frames, IReadOnlyList<int> keyFrames, int maxFrames, int segmentFrames, FrameLossOptions loss)
{
    /// <summary>A job of more segments than these begins with small ones; a shorter one ends soon anyway.</summary>
    private const int LongPlan = 8;

    private readonly int _endOfStart = SegmentPlan.EndFrame(frames, maxFrames);

    /// <summary>Frames to analyze if none is lost.</summary>
    public int FramesTotal => SegmentPlan.AnalyzedFrames(frames, maxFrames);

    public int SegmentFrames => segmentFrames;

    /// <summary>The plan before any extension.</summary>
    public IReadOnlyList<Segment> Start() =>
        SegmentPlan.Create(
            frames, keyFrames, maxFrames, segmentFrames, startsSmall: FramesTotal > LongPlan * (long)segmentFrames);

    /// <summary>A stored plan if it is one of this job and video, perhaps with extensions; null otherwise.</summary>
    public IReadOnlyList<Segment>? Accept(IReadOnlyList<Segment>? stored) =>
        stored is [.., { } last] && LengthOfStart(stored) > 0
            && last.EndFrame <= frames.EndFrame
            && stored.All(frames.Fits)
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
            : SegmentPlan.Extend(plan, maxFrames - analyzed, frames, keyFrames, segmentFrames);
}
