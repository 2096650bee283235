using ForegSyte.Jobs.Queue;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Which losses of an InferenceService have one possible cause.</summary>
public sealed class SegmentCallsTests
{
    private static readonly Uri X = new("http://x.test:5201");
    private static readonly Uri Y = new("http://y.test:5201");

    private readonly SegmentCalls _calls = new();
    private readonly Guid _one = Guid.NewGuid();
    private readonly Guid _other = Guid.NewGuid();

    [Fact]
    public void Lose_SegmentsOfTwoJobs_IsSharedForBothInWhateverOrderTheirLossesArrive()
    {
        using var first = At(_one, X);
        using var second = At(_other, X);

        Assert.True(first.Lose(), "The first loss is blamed on one of two jobs.");
        Assert.True(second.Lose(), "The second loss is blamed on one of two jobs.");
    }

    [Fact]
    public void Lose_SegmentsOfOneJob_IsNotShared()
    {
        using var first = At(_one, X);
        using var second = At(_one, X);
        using var elsewhere = At(_other, Y);

        Assert.False(first.Lose() || second.Lose(), "The job shares the loss with itself or another InferenceService.");
    }

    [Fact]
    public void Lose_AfterTheOtherSegmentEnded_IsNotShared()
    {
        using var first = At(_one, X);
        At(_other, X).Dispose();

        Assert.False(first.Lose(), "A segment that has ended is a possible cause.");
    }

    [Fact]
    public void Lose_AfterTheOtherCallWasRepeatedElsewhere_IsShared()
    {
        using var first = At(_one, X);
        using var repeated = At(_other, X);

        repeated.MoveTo(Y);

        Assert.True(first.Lose(), "A job whose call was repeated elsewhere is no possible cause.");
        Assert.True(repeated.Lose(), "A job is blamed for the loss that led to the repeated call.");
    }

    private SegmentCalls.Call At(Guid jobId, Uri instance)
    {
        var call = _calls.Begin(jobId);
        call.MoveTo(instance);
        return call;
    }
}
