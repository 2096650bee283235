using CsCheck;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class LookIntervalsTests
{
    private static readonly JobOptions Adaptive = new() { Sampling = Sampling.Adaptive };

    [Theory]
    [InlineData(10, 1, 4)]
    [InlineData(25, 1, 10)]
    [InlineData(29.97, 1, 11)]
    [InlineData(30, 3, 12)]
    [InlineData(30, 100, 100)]
    [InlineData(2, 1, 1)]
    [InlineData(0, 5, 5)]
    [InlineData(1e300, 1, 268_435_455)]
    [InlineData(1e300, 2, 268_435_454)]
    [InlineData(30, 1_000_000, 1_000_000)]
    public void Of_ARate_LooksEveryFourTenthsOfASecond(double rate, int stride, int step)
    {
        var sampling = LookIntervals.Of(Adaptive, stride, rate)!;
        Assert.Equal((step, 8 * step), (sampling.Step, sampling.Interval));
    }

    [Fact]
    public void Of_AnotherJob_LooksAtAllFrames() => Assert.Null(LookIntervals.Of(JobChoices.None, 1, 25));

    /// <summary>The last interval within the length, or the next one if the length has none.</summary>
    [Theory]
    [InlineData(92, 24, new[] { 0, 20, 40, 60 })]
    [InlineData(93, 24, new[] { 0, 20, 40, 60, 80 })]
    [InlineData(45, 7, new[] { 0, 10, 20, 30, 40 })]
    [InlineData(43, 7, new[] { 0, 10, 20, 30 })]
    public void Create_AdaptiveSampling_CutsAtTheLastIntervalWithinTheLength(int frames, int segment, int[] starts)
    {
        var selection = new FrameSelection(frames, [new FrameSpan(0, frames)], stride: 1) { CutInterval = 10 };

        var plan = SegmentPlan.Create(selection, [0, 7, 50], 0, segment);

        Assert.Equal(starts, plan.Select(part => part.StartFrame));
        Assert.Equal(frames, plan[^1].EndFrame);
    }

    [Fact]
    public void Create_AdaptiveSampling_CutsAtIntervalsWhateverTheLengthOfSegments() => (
        from frames in Gen.Int[1, 5000]
        from step in Gen.Int[1, 12]
        from stride in Gen.Int[1, 9]
        from begin in Gen.Int[0, 300]
        from segment in Gen.Int[1, 200]
        select (frames, interval: 8 * step * stride, stride, begin: Math.Min(begin, frames - 1), segment)).Sample(
        sample =>
        {
            var plan = SegmentPlan.Create(
                new FrameSelection(sample.frames, [new FrameSpan(sample.begin, sample.frames)], sample.stride)
                {
                    CutInterval = sample.interval,
                },
                [0, 7, 50], 0, sample.segment);

            Assert.Equal(sample.frames, plan[^1].EndFrame);
            var cuts = plan.Where(segment => !segment.IsGap).Skip(1).Select(segment => segment.StartFrame);
            Assert.All(cuts, cut => Assert.Equal(0, cut % sample.interval));
            Assert.All(plan.Where(segment => !segment.IsGap), segment => Assert.InRange(
                segment.EndFrame - segment.StartFrame, 1,
                sample.interval + (sample.segment * sample.stride * 3 / 2)));
        });
}
