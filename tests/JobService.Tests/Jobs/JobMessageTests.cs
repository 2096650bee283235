using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

/// <summary>The values that the contract's Job takes from a record.</summary>
public sealed class JobMessageTests
{
    private static readonly DateTimeOffset Noon = TestJobs.Noon;

    [Fact]
    public void Timings_OfAnEndedJob_AreCountedFromItsSubmission()
    {
        var job = TestJobs.Pending() with
        {
            Status = JobStatus.Completed,
            CreatedAt = Noon,
            QueuedAt = Noon.AddSeconds(20),
            EndedAt = Noon.AddSeconds(90),
            DecodeTime = TimeSpan.FromSeconds(7),
            InferenceTime = TimeSpan.FromSeconds(31),
            Attempts = [Attempt(1, startsAfter: 3), Attempt(2, startsAfter: 41)],
        };

        var timings = JobMessage.From(job).Timings;

        Assert.Equal(TimeSpan.FromSeconds(41), timings.Queued.ToTimeSpan());
        Assert.Equal(TimeSpan.FromSeconds(90), timings.Total.ToTimeSpan());
        Assert.Equal(TimeSpan.FromSeconds(7), timings.Decode.ToTimeSpan());
        Assert.Equal(TimeSpan.FromSeconds(31), timings.Inference.ToTimeSpan());
    }

    [Fact]
    public void Timings_BeforeTheFirstAttempt_HaveNoQueueTimeAndNoTotal()
    {
        var timings = JobMessage.From(TestJobs.Pending()).Timings;

        Assert.Null(timings.Queued);
        Assert.Null(timings.Total);
    }

    [Theory]
    [InlineData(JobStatus.Pending, 0, 0, 0)]
    [InlineData(JobStatus.Running, 30, 120, 0.25)]
    [InlineData(JobStatus.Running, 120, 120, 0.999)]
    [InlineData(JobStatus.Completed, 117, 120, 1)]
    public void Progress_Fraction_IsOneOnlyWhenTheJobIsCompleted(
        JobStatus status, int framesDone, int framesTotal, float fraction)
    {
        var job = TestJobs.Pending() with { Status = status, FramesDone = framesDone, FramesTotal = framesTotal };

        var progress = JobMessage.From(job).Progress;

        Assert.Equal(
            (framesDone, framesTotal, fraction), (progress.FramesDone, progress.FramesTotal, progress.Fraction));
    }

    private static AttemptRecord Attempt(int number, int startsAfter) =>
        new(number, Noon.AddSeconds(startsAfter), Noon.AddSeconds(startsAfter + 1), Failure: null);
}
