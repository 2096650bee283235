using CsCheck;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Video;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Video;

public sealed class DecodePlanTests
{
    [Fact]
    public void Make_AnyRangeAndStride_WantsExactlyTheMultiplesInTheRange() =>
        Gen.Select(Gen.Int[1, 200], Gen.Int[0, 199], Gen.Int[0, 250], Gen.Int[0, 60])
            .Where(t => t.Item2 < t.Item1 && (t.Item3 == 0 || t.Item3 > t.Item2))
            .Sample(t =>
            {
                var (count, start, end, stride) = t;
                var plan = DecodePlan.Make(Index(count), new FrameRange { StartFrame = start, EndFrame = end }, stride);
                var last = end == 0 ? count : Math.Min(end, count);
                var wanted =
                    Enumerable.Range(start, last - start).Where(frame => frame % Math.Max(stride, 1) == 0).ToArray();

                Assert.Equal(last - start, plan.RangeCount);
                Assert.Equal(wanted.Length, plan.WantedCount);
                Assert.Equal(wanted, Enumerable.Range(0, count).Where(plan.Wants));
                if (wanted.Length > 0)
                {
                    Assert.Equal((wanted[0], wanted[^1]), (plan.FirstWanted, plan.LastWanted));
                }
            });

    [Theory]
    [InlineData(9, null)]
    [InlineData(10, 10)]
    [InlineData(19, 10)]
    [InlineData(20, 20)]
    [InlineData(99, 90)]
    public void Make_Start_SeeksToTheLastKeyAtOrBefore(int start, int? key)
    {
        var plan = DecodePlan.Make(Index(100), new FrameRange { StartFrame = start }, 1);

        Assert.Equal(key * 1000L, plan.SeekTo?.PresentationTicks);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(10, 0)]
    [InlineData(5, 5)]
    [InlineData(5, 4)]
    [InlineData(0, -1)]
    public void Make_RangeThatHoldsNothing_IsRefused(int start, int end)
    {
        var failure = Assert.Throws<ServiceException>(
            () => DecodePlan.Make(Index(10), new FrameRange { StartFrame = start, EndFrame = end }, 1));

        Assert.Equal(ErrorReason.InvalidFrameRange, failure.Reason);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(DecodePlan.MaxStride + 1)]
    public void Make_StrideOutsideItsRange_IsRefused(int stride)
    {
        var failure = Assert.Throws<ServiceException>(() => DecodePlan.Make(Index(10), null, stride));

        Assert.Equal(ErrorReason.InvalidField, failure.Reason);
    }

    /// <summary>A frame every 1000 ticks, each tenth a key whose decode time is two frames earlier.</summary>
    private static VideoIndex Index(int frames) => new(
        new VideoInfo(),
        new TimeBase(1, 25000),
        [.. Enumerable.Range(0, frames).Select(frame => frame * 1000L)],
        [.. Enumerable.Range(0, (frames + 9) / 10)
            .Select(key => new SeekPoint(key * 10_000L, (key * 10_000L) - 2000, false))]);
}
