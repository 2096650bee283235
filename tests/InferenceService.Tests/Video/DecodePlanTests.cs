using CsCheck;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using ForegSyte.Video;

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
                var wanted = Enumerable.Range(start, last - start)
                    .Where(frame => frame % Math.Max(stride, 1) == 0).ToArray();

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

    [Theory]
    [InlineData(10, true)]
    [InlineData(30, true)]
    [InlineData(1, false)]
    [InlineData(5, false)]
    [InlineData(12, false)]
    public void Make_Stride_DecodesKeyFramesOnlyWhereAllWantedOnesAreThose(int stride, bool isKeyFramesOnly) =>
        Assert.Equal(isKeyFramesOnly, DecodePlan.Make(Index(100), null, stride).KeyFramesOnly);

    [Fact]
    public void Split_AnyPlan_WantsTheSameFramesAndDecodesNoneTwice() =>
        Gen.Select(Gen.Int[1, 400], Gen.Int[0, 100], Gen.Int[1, 90], Gen.Int[100, 8000])
            .Where(t => t.Item2 < t.Item1)
            .Sample(t =>
            {
                var index = Index(t.Item1, sidePixels: t.Item4);
                var plan = DecodePlan.Make(index, new FrameRange { StartFrame = t.Item2 }, t.Item3);
                var parts = plan.Split(index);

                Assert.Equal(plan.Wanted(), parts.SelectMany(part => part.Wanted()));
                Assert.All(
                    parts.Skip(1).Zip(parts),
                    pair =>
                    {
                        var toDecode = pair.First.FirstWanted - pair.First.SeekFrame(index);
                        Assert.InRange(toDecode + DecodePlan.FramesOfAStart(index), 0, plan.Stride - 1);
                        Assert.InRange(pair.First.SeekFrame(index), pair.Second.LastWanted + 1, int.MaxValue);
                    });
            });

    [Theory]
    [InlineData(12, 3840, 9)]
    [InlineData(3, 3840, 4)]
    [InlineData(12, 1280, 1)]
    [InlineData(10, 3840, 1)]
    [InlineData(2, 3840, 1)]
    public void Split_LargeStride_StartsAtKeyFramesWhereThatIsLessWork(int stride, int sidePixels, int count)
    {
        var index = Index(100, sidePixels);

        Assert.Equal(count, DecodePlan.Make(index, null, stride).Split(index).Count);
    }

    /// <summary>Makes an index with a frame every 1000 ticks, each tenth a key frame.</summary>
    private static VideoIndex Index(int frames, int sidePixels = 64) => new(
        new VideoInfo { Width = sidePixels, Height = sidePixels },
        new TimeBase(1, 25000),
        [.. Enumerable.Range(0, frames).Select(frame => frame * 1000L)],
        [.. Enumerable.Range(0, (frames + 9) / 10)
            .Select(key => new SeekPoint(key * 10_000L, false))]);
}
