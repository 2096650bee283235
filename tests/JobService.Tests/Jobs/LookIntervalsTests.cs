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
    [InlineData(30, 1_000_000, 1_000_000)]
    public void Of_ARate_LooksEveryFourTenthsOfASecond(double rate, int stride, int step)
    {
        var sampling = LookIntervals.Of(Adaptive, stride, rate)!;
        Assert.Equal((step, 8 * step), (sampling.Step, sampling.Interval));
    }

    [Fact]
    public void Of_AnotherJob_LooksAtAllFrames() => Assert.Null(LookIntervals.Of(JobChoices.None, 1, 25));

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
