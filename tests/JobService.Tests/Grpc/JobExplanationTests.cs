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

    [Fact]
    public void Of_AJobThatTakesOverResults_NamesTheOtherJob()
    {
        var other = Guid.NewGuid();
        var running = Claimed() with { ReusedJobId = other };
        var completed = JobTransitions.Complete(
            running, running.Lease!.Token, new StoredResults("results.json", 1), new JobSummary(), JobWarnings.Empty,
            TestJobs.Noon.AddSeconds(1));

        Assert.Equal(
            $"Attempt 1 has been running for 2m. It is copying results. It takes over the results of job {other} in "
            + "place of running the pipeline; if they are gone by then, it runs itself.",
            Explain(running));
        Assert.Equal(
            $"The job is completed: 0 frames in 1 attempt. Its results are those of job {other}, which has the same "
            + "video, pipeline, options and models.",
            Explain(completed));
    }

    [Fact]
    public void Of_AJobThatEndedBeforeItTookOverResults_DoesNotNameTheOtherJob()
    {
        var other = Guid.NewGuid();
        var running = Claimed() with { ReusedJobId = other };
        var cancelled = JobTransitions.Cancel(running, TestJobs.Noon.AddSeconds(1));
        var failed = JobTransitions.Fail(
            running, running.Lease!.Token, new JobFailure(ErrorReason.StageFailed, "broken"),
            TestJobs.Noon.AddSeconds(1));

        Assert.Equal(
            (JobStatus.Cancelled, JobStatus.Failed, other, other),
            (cancelled.Status, failed.Status, cancelled.ReusedJobId, failed.ReusedJobId));
        Assert.All([cancelled, failed], job =>
            Assert.DoesNotContain(other.ToString(), Explain(job), StringComparison.Ordinal));
    }

    private static JobRecord Claimed() =>
        JobTransitions.Claim(TestJobs.Pending(), Guid.NewGuid(), TestJobs.Noon, TimeSpan.FromSeconds(15));

    private static string Explain(JobRecord job) => JobExplanation.Of(
        JobMessage.From(job), new SegmentCounts(), new DispatchState(), TestJobs.Noon.AddMinutes(2));
}
