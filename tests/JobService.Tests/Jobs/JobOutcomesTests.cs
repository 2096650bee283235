using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class JobOutcomesTests
{
    private static readonly DateTimeOffset Noon = TestJobs.Noon;

    [Fact]
    public void WaitingSince_NewJob_IsItsQueueTime() =>
        Assert.Equal(Noon, JobOutcomes.WaitingSince(TestJobs.Pending()));

    [Fact]
    public void WaitingSince_AfterAnAttempt_IsItsEndOrTheEndOfTheBackOff()
    {
        var job = TestJobs.Pending() with { Attempts = [Attempt(ErrorReason.DecoderLost)] };
        Assert.Equal(Noon.AddMinutes(1), JobOutcomes.WaitingSince(job));
        Assert.Equal(
            Noon.AddMinutes(2), JobOutcomes.WaitingSince(job with { NextAttemptAt = Noon.AddMinutes(2) }));
        Assert.Equal(
            Noon.AddMinutes(1), JobOutcomes.WaitingSince(job with { NextAttemptAt = Noon.AddSeconds(30) }));
    }

    [Fact]
    public void WaitingSince_AfterARetryJob_IsTheRetry() => Assert.Equal(
        Noon.AddHours(3),
        JobOutcomes.WaitingSince(TestJobs.Pending() with
        {
            Attempts = [Attempt(ErrorReason.StageFailed)],
            QueuedAt = Noon.AddHours(3),
        }));

    [Theory]
    [InlineData(JobStatus.Completed, null, "completed")]
    [InlineData(JobStatus.Failed, ErrorReason.StageFailed, "failed")]
    [InlineData(JobStatus.Pending, ErrorReason.DecoderLost, "retried")]
    [InlineData(JobStatus.Cancelled, ErrorReason.JobCancelled, "cancelled")]
    [InlineData(JobStatus.Pending, ErrorReason.LeaseLost, "lost")]
    [InlineData(JobStatus.Failed, ErrorReason.LeaseLost, "lost")]
    public void OfAttempt_LatestAttempt_IsItsOutcome(JobStatus status, ErrorReason? reason, string expected) =>
        Assert.Equal(
            expected,
            JobOutcomes.OfAttempt(TestJobs.Pending() with { Status = status, Attempts = [Attempt(reason)] }, 1));

    [Fact]
    public void OfAttempt_EarlierAttemptOfAFailedJob_IsRetried() => Assert.Equal(
        "retried",
        JobOutcomes.OfAttempt(
            TestJobs.Pending() with
            {
                Status = JobStatus.Failed,
                Attempts = [Attempt(ErrorReason.DecoderLost), Attempt(ErrorReason.StageFailed)],
            },
            1));

    private static AttemptRecord Attempt(ErrorReason? reason) => new(
        1, Noon, Noon.AddMinutes(1), reason is { } failed ? new JobFailure(failed, "") : null);
}
