using System.Globalization;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class FrameLossTests
{
    private static readonly FrameLossOptions Half = new() { MaxLostFrameShare = 0.5 };
    private static readonly FrameLossOptions None = new() { MaxLostFrameShare = 0 };

    [Theory]
    [InlineData(50, 100, false)]
    [InlineData(51, 100, true)]
    [InlineData(0, 0, false)]
    [InlineData(2_000_000_000, 3_000_000_000, true)]
    public void IsTooHigh_MoreThanTheShare_IsTrue(long lost, long planned, bool expected) =>
        Assert.Equal(expected, FrameLoss.IsTooHigh(lost, planned, Half));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 7)]
    public void FailureOf_NoAnalyzedFrame_IsAFailureWhateverTheLimit(int analyzed, int lost)
    {
        var failure = FrameLoss.FailureOf(analyzed, lost, new FrameLossOptions { MaxLostFrameShare = 1 });

        Assert.Equal(ErrorReason.UndecodableVideo, failure?.Reason);
        Assert.Equal(
            "None of the video's frames can be decoded: its data is damaged, or its codec is not supported. Play the "
            + "video; if that fails, encode it again as H.264.",
            failure!.Message);
    }

    [Fact]
    public void FailureOf_LossWithinTheLimit_IsNone()
    {
        Assert.Null(FrameLoss.FailureOf(analyzed: 1, lost: 0, None));
        Assert.Null(FrameLoss.FailureOf(analyzed: 50, lost: 50, Half));
    }

    [Fact]
    public void FailureOf_LossAboveTheLimit_HasTheNumbersAndTheLimit()
    {
        Assert.NotNull(FrameLoss.FailureOf(analyzed: 1000, lost: 1, None));

        var failure = FrameLoss.FailureOf(analyzed: 49, lost: 51, Half);

        Assert.Equal(ErrorReason.UndecodableVideo, failure?.Reason);
        Assert.Equal(
            "51 of the 100 frames to analyze cannot be decoded, more than the share of 0.5 that option "
            + "Segments:MaxLostFrameShare allows. Submit an undamaged copy of the video, or ask the operator to raise "
            + "the option; RetryJob then decodes the lost frames again.",
            failure!.Message);
        Assert.Equal(
            ["limit=0.5", "lostFrames=51", "option=Segments:MaxLostFrameShare", "plannedFrames=100"],
            failure.Metadata.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key}={pair.Value}"))
                .Order(StringComparer.Ordinal));
    }
}
