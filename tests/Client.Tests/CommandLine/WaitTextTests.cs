using ForegSyte.Client.Tests.Fakes;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class WaitTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(WaitReason.Queued, 3, "3rd in the queue")]
    [InlineData(WaitReason.Queued, 0, "in the queue")]
    [InlineData(WaitReason.NoInferenceService, 0, "no InferenceService serves")]
    [InlineData(WaitReason.Draining, 1, "the server is being drained, runs after its next start")]
    [InlineData(WaitReason.NoInferenceService, 1, "no InferenceService serves, 1st in the queue")]
    [InlineData(WaitReason.BackOff, 0, "another attempt follows")]
    [InlineData(WaitReason.Unspecified, 3, "")]
    [InlineData((WaitReason)99, 3, "")]
    public void Of_Reason_IsTold(WaitReason reason, int position, string expected)
    {
        var job = SampleJobs.Waiting(new JobWait { Reason = reason, QueuePosition = position });

        Assert.Equal(expected, WaitText.Of(job, Now));
    }

    [Theory]
    [InlineData(12, "next attempt in 12 s")]
    [InlineData(11.2, "next attempt in 12 s")]
    [InlineData(60, "next attempt in 1 min 0 s")]
    [InlineData(0, "next attempt at any moment")]
    [InlineData(-5, "next attempt at any moment")]
    public void Of_BackOff_CountsFromNow(double seconds, string expected)
    {
        var job = SampleJobs.Waiting(new JobWait
        {
            Reason = WaitReason.BackOff,
            NextAttemptAt = Timestamp.FromDateTimeOffset(Now.AddSeconds(seconds)),
        });

        Assert.Equal(expected, WaitText.Of(job, Now));
    }

    [Fact]
    public void Of_RunningJob_IsEmpty() => Assert.Equal("", WaitText.Of(SampleJobs.Running(1), Now));

    [Theory]
    [InlineData(1, "1st")]
    [InlineData(2, "2nd")]
    [InlineData(3, "3rd")]
    [InlineData(4, "4th")]
    [InlineData(11, "11th")]
    [InlineData(12, "12th")]
    [InlineData(13, "13th")]
    [InlineData(21, "21st")]
    [InlineData(112, "112th")]
    [InlineData(1002, "1002nd")]
    public void OrdinalText_Of_HasTheRightEnding(int number, string expected) =>
        Assert.Equal(expected, OrdinalText.Of(number));
}
