using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Grpc;

public sealed class JobExplanationTests
{
    [Fact]
    public void Of_AJobAbandonedAfterLostAttempts_NamesOnlyTheOptionThatEndedIt()
    {
        var running = Claimed();
        var abandoned = RetryPolicy.AfterLoss(
            running, JobRescuer.Expired, new RetryOptions { MaxLostAttempts = 1 }, TestJobs.Noon.AddMinutes(1));

        Assert.Equal(
            $"The job failed with LEASE_LOST: {JobRescuer.Expired.Message} 1 attempts in a row were lost without "
            + "progress, the limit of option Retry:MaxLostAttempts, so the job may be the cause. RetryJob runs it "
            + "again. Nothing while attempts remain; a FAILED job needs RetryJob.",
            Explain(abandoned));
    }

    [Fact]
    public void Of_AJobWhoseAttemptsAreUsedUp_NamesMaxAttempts()
    {
        var running = Claimed();
        var failed = JobTransitions.Fail(
            running, running.Lease!.Token, new JobFailure(ErrorReason.DecoderLost, "The decoder ended."),
            TestJobs.Noon.AddSeconds(1));

        Assert.StartsWith(
            "The job failed with DECODER_LOST: The decoder ended. The failure is retryable, but no attempt is left "
            + "(1 attempt; option Retry:MaxAttempts).",
            Explain(failed),
            StringComparison.Ordinal);
    }

    private static JobRecord Claimed() =>
        JobTransitions.Claim(TestJobs.Pending(), Guid.NewGuid(), TestJobs.Noon, TimeSpan.FromSeconds(15));

    private static string Explain(JobRecord job) => JobExplanation.Of(
        JobMessage.From(job), new SegmentCounts(), new DispatchState(), TestJobs.Noon.AddMinutes(2));
}
