using CsCheck;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class SegmentPlanTests
{
    private static readonly Gen<(int Frames, int[] KeyFrames, int Stride, int Max, int Segment)> Plans =
        from frames in Gen.Int[1, 5000]
        from keyFrames in Gen.Int[0, 5000].Array[0, 60]
        from stride in Gen.Int[1, 50]
        from max in Gen.Int[0, 300]
        from segment in Gen.Int[1, 100]
        select (
            frames, keyFrames.Where(frame => frame < frames).Append(0).Distinct().Order().ToArray(), stride, max,
            segment);

    [Fact]
    public void Create_AnyVideo_CoversEachFrameOnceInOrder() => Plans.Sample(plan =>
    {
        var segments = Create(plan);
        var start = 0;
        foreach (var segment in segments)
        {
            Assert.Equal(start, segment.StartFrame);
            Assert.InRange(segment.EndFrame, segment.StartFrame + 1, int.MaxValue);
            start = segment.EndFrame;
        }

        var selected = Enumerable.Range(0, plan.Frames).Where(frame => frame % plan.Stride == 0).ToList();
        Assert.Equal(plan.Max > 0 && plan.Max <= selected.Count ? selected[plan.Max - 1] + 1 : plan.Frames, start);
        Assert.Equal(Enumerable.Range(0, segments.Count), segments.Select(segment => segment.Number));
    });

    [Fact]
    public void Create_AnyVideo_KeepsSegmentsWithinOneAndAHalfTargetLengths() => Plans.Sample(plan =>
        Assert.All(Create(plan), segment =>
            Assert.InRange(segment.EndFrame - segment.StartFrame, 1, (plan.Segment * plan.Stride * 3 / 2) + 1)));

    [Fact]
    public void AnalyzedFrames_AnyVideo_IsTheSumOfTheSegmentsAndNoMoreThanMaxFrames() => Plans.Sample(plan =>
    {
        var expected = Enumerable.Range(0, plan.Frames).Count(frame => frame % plan.Stride == 0);
        expected = plan.Max == 0 ? expected : Math.Min(expected, plan.Max);
        Assert.Equal(expected, SegmentPlan.AnalyzedFrames(FrameSelection.OfWhole(plan.Frames, plan.Stride), plan.Max));
        Assert.Equal(
            expected,
            Create(plan).Sum(segment => SegmentPlan.FramesWithin(segment.StartFrame, segment.EndFrame, plan.Stride)));
    });

    [Fact]
    public void Create_KeyFramesNearTheTargetLength_CutsThere()
    {
        // The last segment can be one and a half lengths long: no cut at 90.
        var segments = SegmentPlan.Create(
            FrameSelection.OfWhole(100, stride: 1), [0, 24, 30, 61, 90], maxFrames: 0, segmentFrames: 32);
        Assert.Equal([0, 30, 61], segments.Select(segment => segment.StartFrame));
    }

    [Fact]
    public void Create_NoKeyFrameNear_CutsAtTheTargetLength()
    {
        var segments = SegmentPlan.Create(
            FrameSelection.OfWhole(100, stride: 1), [0], maxFrames: 0, segmentFrames: 30);
        Assert.Equal([0, 30, 60], segments.Select(segment => segment.StartFrame));
        Assert.Equal(100, segments[^1].EndFrame);
    }

    /// <summary>Key frames at irregular distances; every rule for a cut decides at least one of them.</summary>
    [Theory]

    // 14 is the last key frame up to 20, and beyond half; then no key frame lies in 24 to 44, so 34; then 47 and 51.
    [InlineData(100, new[] { 0, 3, 14, 23, 47, 51, 90 }, 1, 0, 20, new[] { 0, 14, 34, 51, 71 }, 100)]

    // At most half a length away is too near (10), one and a half is the limit (30).
    [InlineData(70, new[] { 0, 9, 30, 41 }, 1, 0, 20, new[] { 0, 30, 41 }, 70)]
    [InlineData(70, new[] { 0, 9, 31, 45 }, 1, 0, 20, new[] { 0, 20, 31, 45 }, 70)]
    [InlineData(70, new[] { 0, 10, 31 }, 1, 0, 20, new[] { 0, 10, 31, 51 }, 70)]

    // The last segment can be one and a half lengths long, but not more.
    [InlineData(30, new[] { 0 }, 1, 0, 20, new[] { 0 }, 30)]
    [InlineData(31, new[] { 0 }, 1, 0, 20, new[] { 0, 20 }, 31)]

    // A key frame at the length itself is the last one up to it.
    [InlineData(70, new[] { 0, 14, 20 }, 1, 0, 20, new[] { 0, 20, 40 }, 70)]

    // The first key frame is behind the start.
    [InlineData(100, new[] { 25 }, 1, 0, 20, new[] { 0, 25, 45, 65, 85 }, 100)]
    [InlineData(100, new int[0], 1, 0, 40, new[] { 0, 40 }, 100)]

    // The length counts selected frames: 4 of every third frame are 12 frames; 7 selected frames end after frame 18.
    [InlineData(90, new[] { 0, 11, 26 }, 3, 7, 4, new[] { 0, 11 }, 19)]
    [InlineData(90, new[] { 0, 13, 22, 37, 61 }, 5, 0, 3, new[] { 0, 13, 22, 37, 52, 61, 76 }, 90)]
    public void Create_IrregularKeyFrames_CutsByTheRules(
        int frames, int[] keyFrames, int stride, int max, int segment, int[] starts, int end)
    {
        var plan = SegmentPlan.Create(FrameSelection.OfWhole(frames, stride), keyFrames, max, segment);
        Assert.Equal(starts, plan.Select(part => part.StartFrame));
        Assert.Equal(end, plan[^1].EndFrame);
    }

    [Fact]
    public void Create_LongestVideo_DoesNotOverflow()
    {
        var segments =
            SegmentPlan.Create(
                FrameSelection.OfWhole(int.MaxValue, stride: 1_000_000), [0], maxFrames: int.MaxValue,
                segmentFrames: 10_000);
        Assert.Equal(int.MaxValue, segments[^1].EndFrame);
    }

    [Fact]
    public void Extend_AnyPlan_HoldsExactlyTheNextFramesOrEndsWithTheVideo() => Gen.Select(
        Gen.Int[1, 300], Gen.Int[1, 9], Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[1, 20]).Sample(
        (frames, stride, max, more, segment) =>
        {
            int[] keyFrames = [.. Enumerable.Range(0, 300 / 7).Select(index => index * 7)];
            var plan = SegmentPlan.Create(FrameSelection.OfWhole(frames, stride), keyFrames, max, segment);

            var extension = SegmentPlan.Extend(
                plan, more, FrameSelection.OfWhole(frames, stride), keyFrames, segment);

            var end = extension.Count == 0 ? plan[^1].EndFrame : extension[^1].EndFrame;
            var left = SegmentPlan.FramesWithin(plan[^1].EndFrame, frames, stride);
            Assert.Equal(Math.Min(more, left), SegmentPlan.FramesWithin(plan[^1].EndFrame, end, stride));
            var start = plan[^1].EndFrame;
            foreach (var (index, part) in extension.Index())
            {
                Assert.Equal((plan.Count + index, start), (part.Number, part.StartFrame));
                Assert.InRange(part.EndFrame, start + 1, frames);
                start = part.EndFrame;
            }
        });

    [Fact]
    public void Extend_NoSelectedFrameLeft_IsEmpty()
    {
        var frames = FrameSelection.OfWhole(9, stride: 5);

        Assert.Empty(SegmentPlan.Extend(SegmentPlan.Create(frames, [0], 2, 4), 1, frames, [0], 4));
    }

    [Fact]
    public void Extend_LongExtension_DoesNotBeginSmall()
    {
        var frames = FrameSelection.OfWhole(1000, stride: 1);

        var extension = SegmentPlan.Extend([new Segment(0, 0, 10)], 500, frames, [0], 32);

        Assert.Equal(new Segment(1, 10, 42), extension[0]);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 0)]
    public void Create_ImpossibleLimit_IsRefused(int maxFrames, int segmentFrames) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => SegmentPlan.Create(FrameSelection.OfWhole(10, 1), [0], maxFrames, segmentFrames));

    [Fact]
    public void Extend_ByNoFrames_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(
        () => SegmentPlan.Extend([new Segment(0, 0, 1)], 0, FrameSelection.OfWhole(10, 1), [0], 1));

    [Theory]
    [InlineData(0, 0, 2, 0)]
    [InlineData(0, 1, 2, 1)]
    [InlineData(1, 2, 2, 0)]
    [InlineData(1, 3, 2, 1)]
    [InlineData(2, 2, 2, 0)]
    [InlineData(4, 2, 2, 0)]
    public void FramesWithin_AnyRange_CountsTheMultiplesOfTheStride(int start, int end, int stride, int expected) =>
        Assert.Equal(expected, SegmentPlan.FramesWithin(start, end, stride));

    [Theory]
    [InlineData(10, 0, 0)]
    [InlineData(9, 1, 1)]
    [InlineData(0, 10, 10)]
    [InlineData(0, 11, 0)]
    public void Planner_LostFrames_AreReplacedUnlessTheJobMustFail(int analyzed, int lost, int more)
    {
        var planner = new SegmentPlanner(FrameSelection.OfWhole(100, 1), [0], 10, 32, new FrameLossOptions());
        var plan = planner.Start();
        Assert.Equal(10, plan[^1].EndFrame);

        var extension = planner.Extend(plan, analyzed, lost);

        Assert.Equal(more, extension.Sum(segment => segment.EndFrame - segment.StartFrame));
    }

    [Theory]
    [InlineData(32, 8, 24, 56, 88)]
    [InlineData(16, 16, 24, 40, 56)]
    [InlineData(12, 12, 24, 36, 48)]
    [InlineData(125, 125, 250, 375, 500)]
    public void Planner_Start_BeginsWithSmallSegments(int segmentFrames, params int[] ends)
    {
        var planner = new SegmentPlanner(
            FrameSelection.OfWhole(1000, 1), [0], 0, segmentFrames, new FrameLossOptions());

        Assert.Equal(ends, planner.Start().Take(ends.Length).Select(segment => segment.EndFrame));
    }

    [Fact]
    public void Planner_StoredPlan_IsAcceptedWithItsExtensions()
    {
        var planner = new SegmentPlanner(FrameSelection.OfWhole(100, 1), [0], 10, 4, new FrameLossOptions());
        var start = planner.Start();
        Segment[] extended = [.. start, .. planner.Extend(start, 7, 3)];

        Assert.Same(extended, planner.Accept(extended));
        Assert.Equal(start.Count, planner.LengthOfStart(extended));
        Assert.Null(planner.Accept(null));
        Assert.Null(planner.Accept([]));
        Assert.Null(planner.Accept([new Segment(0, 0, 9)]));
        Assert.Null(planner.Accept([new Segment(0, 0, 10), new Segment(1, 10, 101)]));
        Assert.Null(planner.Accept([new Segment(0, 0, 2, IsGap: true), new Segment(1, 2, 10)]));
        Assert.Null(
            new SegmentPlanner(FrameSelection.OfWhole(8, 1), [0], 0, 4, new FrameLossOptions()).Accept(extended));
    }

    private static IReadOnlyList<Segment> Create(
        (int Frames, int[] KeyFrames, int Stride, int Max, int Segment) plan) =>
        SegmentPlan.Create(
            FrameSelection.OfWhole(plan.Frames, plan.Stride), plan.KeyFrames, plan.Max, plan.Segment);
}
