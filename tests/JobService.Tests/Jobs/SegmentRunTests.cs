using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class SegmentRunTests
{
    [Theory]
    [InlineData(5, 0, false)]
    [InlineData(5, 1, false)]
    [InlineData(0, 0, false)]
    [InlineData(0, 1, true)]
    public void IsFailed_RunWithoutAFailure_IsTrueIfNoneOfItsFramesWasDecoded(int analyzed, int lost, bool expected)
    {
        var run = Run() with { FramesAnalyzed = analyzed, FramesLost = lost };

        Assert.True(run.IsFailed == expected, $"IsFailed is {!expected}.");
        Assert.Equal("", run.DecoderOutput);
    }

    [Fact]
    public void IsFailed_RunWithAFailure_IsTrue() => Assert.True(
        (Run() with { Failure = new JobFailure(ErrorReason.DecoderLost, "Lost.") }).IsFailed,
        "A failed run is not failed.");

    private static SegmentRun Run() => new(new Segment(0, 0, 10), Attempt: 1, TestJobs.Noon);
}
