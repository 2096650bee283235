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
            Assert.True(segment.EndFrame > segment.StartFrame);
            start = segment.EndFrame;
        }

        Assert.Equal(SegmentPlan.EndFrame(plan.Frames, plan.Stride, plan.Max), start);
        Assert.Equal(Enumerable.Range(0, segments.Count), segments.Select(segment => segment.Number));
    });

    [Fact]
    public void Create_AnyVideo_KeepsSegmentsWithinOneAndAHalfOfTheWantedLength() => Plans.Sample(plan =>
        Assert.All(Create(plan), segment =>
            Assert.InRange(segment.EndFrame - segment.StartFrame, 1, (plan.Segment * plan.Stride * 3 / 2) + 1)));

    [Fact]
    public void AnalyzedFrames_AnyVideo_IsTheSumOfTheSegmentsAndNoMoreThanMaxFrames() => Plans.Sample(plan =>
    {
        var expected = Enumerable.Range(0, plan.Frames).Count(frame => frame % plan.Stride == 0);
        expected = plan.Max == 0 ? expected : Math.Min(expected, plan.Max);
        Assert.Equal(expected, SegmentPlan.AnalyzedFrames(plan.Frames, plan.Stride, plan.Max));
        Assert.Equal(
            expected,
            Create(plan).Sum(segment => SegmentPlan.FramesWithin(segment.StartFrame, segment.EndFrame, plan.Stride)));
    });

    [Fact]
    public void Create_KeyFramesNearTheWantedLength_CutsThere()
    {
        // The last segment may have one and a half of the length: no cut at 90.
        var segments = SegmentPlan.Create(100, [0, 24, 30, 61, 90], frameStride: 1, maxFrames: 0, segmentFrames: 32);
        Assert.Equal([0, 30, 61], segments.Select(segment => segment.StartFrame));
    }

    [Fact]
    public void Create_NoKeyFrameNear_CutsAtTheWantedLength()
    {
        var segments = SegmentPlan.Create(100, [0], frameStride: 1, maxFrames: 0, segmentFrames: 30);
        Assert.Equal([0, 30, 60], segments.Select(segment => segment.StartFrame));
        Assert.Equal(100, segments[^1].EndFrame);
    }

    [Fact]
    public void Create_LongestVideo_DoesNotOverflow()
    {
        var segments =
            SegmentPlan.Create(
                int.MaxValue, [0], frameStride: 1_000_000, maxFrames: int.MaxValue, segmentFrames: 10_000);
        Assert.Equal(int.MaxValue, segments[^1].EndFrame);
    }

    private static IReadOnlyList<Segment> Create(
        (int Frames, int[] KeyFrames, int Stride, int Max, int Segment) plan) =>
        SegmentPlan.Create(plan.Frames, plan.KeyFrames, plan.Stride, plan.Max, plan.Segment);
}
