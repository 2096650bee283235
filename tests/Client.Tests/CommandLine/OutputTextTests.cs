using ForegSyte.Client.Tests.Fakes;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class OutputTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(WaitReason.Queued, 3, "3rd in the queue")]
    [InlineData(WaitReason.Queued, 0, "in the queue")]
    [InlineData(WaitReason.NoInferenceService, 0, "no InferenceService is serving")]
    [InlineData(WaitReason.Draining, 1, "the server is draining; the job runs after undrain or a restart")]
    [InlineData(WaitReason.NoInferenceService, 1, "no InferenceService is serving, 1st in the queue")]
    [InlineData(WaitReason.BackOff, 0, "another attempt follows")]
    [InlineData(WaitReason.Unspecified, 3, "")]
    [InlineData((WaitReason)99, 3, "")]
    public void WaitText_OfReason_IsDescribed(WaitReason reason, int position, string expected)
    {
        var job = SampleJobs.Waiting(new QueueState { Reason = reason, Position = position });

        Assert.Equal(expected, WaitText.Of(job, Now));
    }

    [Theory]
    [InlineData(12, "next attempt in 12s")]
    [InlineData(11.2, "next attempt in 12s")]
    [InlineData(60, "next attempt in 1m")]
    [InlineData(0, "next attempt now")]
    [InlineData(-5, "next attempt now")]
    public void WaitText_OfBackOff_CountsFromNow(double seconds, string expected)
    {
        var job = SampleJobs.Waiting(new QueueState
        {
            Reason = WaitReason.BackOff,
            NextAttemptAt = Timestamp.FromDateTimeOffset(Now.AddSeconds(seconds)),
        });

        Assert.Equal(expected, WaitText.Of(job, Now));
    }

    [Fact]
    public void WaitText_OfRunningJob_IsEmpty() => Assert.Equal("", WaitText.Of(SampleJobs.Running(1), Now));

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

    [Theory]
    [InlineData("90", 90)]
    [InlineData("90s", 90)]
    [InlineData("1.5m", 90)]
    [InlineData("1h 30m", 5400)]
    [InlineData("1d", 86400)]
    [InlineData("", null)]
    [InlineData("s", null)]
    [InlineData("-5s", null)]
    [InlineData("31d", null)]
    [InlineData("1000000h", null)]
    public void TryParseDuration_NumberAlone_MeansSeconds(string text, int? seconds)
    {
        var isTime = OptionValues.TryParseDuration(text, out var time);

        Assert.Equal(seconds, isTime ? (int)time.TotalSeconds : null);
    }
}
