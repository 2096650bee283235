using CsCheck;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class RetryPolicyTests
{
    private static readonly RetryOptions Options =
        new() { MaxAttempts = 3, FirstDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(10) };

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData(ErrorReason.UndecodableVideo)]
    [InlineData(ErrorReason.StageFailed)]
    [InlineData(ErrorReason.Internal)]
    [InlineData(ErrorReason.NoVideoTrack)]
    [InlineData(ErrorReason.EncryptedVideo)]
    [InlineData(ErrorReason.NoFrames)]
    [InlineData(ErrorReason.VideoLimitExceeded)]
    [InlineData(ErrorReason.VideoGone)]
    public void DelayBeforeRetry_PermanentFailure_IsNull(ErrorReason reason) =>
        Assert.Null(RetryPolicy.DelayBeforeRetry(After(), new JobFailure(reason, ""), Options, 0.5));

    [Fact]
    public void DelayBeforeRetry_MaxAttempts_IsNull()
    {
        var lost = new JobFailure(ErrorReason.InferenceUnavailable, "");
        Assert.NotNull(RetryPolicy.DelayBeforeRetry(After(lost), lost, Options, 0.5));
        Assert.Null(RetryPolicy.DelayBeforeRetry(After(lost, lost), lost, Options, 0.5));
    }

    [Fact]
    public void DelayBeforeRetry_StopsOfTheService_DoNotCount()
    {
        var stopped = new JobFailure(ErrorReason.ShuttingDown, "");
        var job = After([.. Enumerable.Repeat(stopped, 50)]);
        Assert.Equal(TimeSpan.FromSeconds(1), RetryPolicy.DelayBeforeRetry(job, stopped, Options, 1));
        Assert.NotNull(RetryPolicy.DelayBeforeRetry(job, new JobFailure(ErrorReason.DecoderLost, ""), Options, 0.5));
    }

    [Theory]
    [InlineData(ErrorReason.InferenceBusy)]
    [InlineData(ErrorReason.DecoderUnavailable)]
    [InlineData(ErrorReason.StorageUnavailable)]
    [InlineData(ErrorReason.StorageFull)]
    [InlineData(ErrorReason.SourceNotAllowed)]
    [InlineData(ErrorReason.SourceNotFound)]
    [InlineData(ErrorReason.StoreUnavailable)]
    [InlineData(ErrorReason.SourceUnavailable)]
    public void DelayBeforeRetry_FaultsOfTheInferenceService_DoNotCountButTheBackOffGrows(ErrorReason reason)
    {
        var fault = new JobFailure(reason, "");
        var job = After([.. Enumerable.Repeat(fault, 50)]);

        Assert.Equal(TimeSpan.FromSeconds(10), RetryPolicy.DelayBeforeRetry(job, fault, Options, 1));
        var lost = new JobFailure(ErrorReason.DecoderLost, "");
        Assert.Equal(TimeSpan.FromSeconds(1), RetryPolicy.DelayBeforeRetry(job, lost, Options, 1));

        // Another failure between ends the row; it is the one that counts.
        job = After(fault, fault, fault, lost);
        Assert.Equal(TimeSpan.FromSeconds(2), RetryPolicy.DelayBeforeRetry(job, fault, Options, 1));
    }

    [Fact]
    public void DelayBeforeRetry_AnyJitter_DoublesUpToMaxDelayAndIsHalfRandom() =>
        Gen.Select(Gen.Int[0, 60], Gen.Double[0, 1]).Sample((earlier, jitter) =>
        {
            var options =
                new RetryOptions { MaxAttempts = 100, FirstDelay = Options.FirstDelay, MaxDelay = Options.MaxDelay };
            var lost = new JobFailure(ErrorReason.DecoderLost, "");
            var delay =
                RetryPolicy.DelayBeforeRetry(
                    After([.. Enumerable.Repeat(lost, earlier)]), lost, options, jitter)!.Value;
            double[] steps = [1000, 2000, 4000, 8000];
            var step = earlier < steps.Length ? steps[earlier] : 10_000;
            Assert.Equal(step * (1 + jitter) / 2, delay.TotalMilliseconds, tolerance: 0.001);
        });

    [Fact]
    public void AfterLoss_OtherFailuresBetween_CountsOnlyTheLatestLosses()
    {
        var options = new RetryOptions { MaxLostAttempts = 2 };
        var job = Lose(After(), framesResumed: 5, options);
        job = JobTransitions.Claim(job, Guid.NewGuid(), Now, Lease);
        job = JobTransitions.Release(
            job, job.Lease!.Token, new JobFailure(ErrorReason.DecoderLost, "Lost."), TimeSpan.Zero, Now);
        Assert.Equal(JobStatus.Pending, Lose(job, framesResumed: 5, options).Status);
    }

    [Theory]
    [InlineData(ErrorReason.InferenceUnavailable)]
    [InlineData(ErrorReason.DecoderLost)]
    [InlineData(ErrorReason.InferenceBusy)]
    [InlineData(ErrorReason.ShuttingDown)]
    [InlineData(ErrorReason.DeadlineExceeded)]
    [InlineData(ErrorReason.Cancelled)]
    [InlineData(ErrorReason.StorageFull)]
    [InlineData(ErrorReason.LeaseLost)]
    [InlineData(ErrorReason.DecoderUnavailable)]
    [InlineData(ErrorReason.StorageUnavailable)]
    [InlineData(ErrorReason.SourceNotAllowed)]
    [InlineData(ErrorReason.SourceNotFound)]
    [InlineData(ErrorReason.StoreUnavailable)]
    [InlineData(ErrorReason.SourceUnavailable)]
    public void DelayBeforeRetry_TransientFailure_IsADelay(ErrorReason reason) => Assert.Equal(
        TimeSpan.FromMilliseconds(750),
        RetryPolicy.DelayBeforeRetry(After(), new JobFailure(reason, ""), Options, 0.5));

    [Fact]
    public void AfterLoss_NoProgress_FailsAfterMaxLostAttempts()
    {
        var options = new RetryOptions { MaxLostAttempts = 3 };
        var job = Lose(Lose(After(), framesResumed: 5, options), framesResumed: 5, options);
        Assert.Equal(JobStatus.Pending, job.Status);

        job = Lose(job, framesResumed: 5, options);

        Assert.Equal((JobStatus.Failed, ErrorReason.LeaseLost), (job.Status, job.Failure!.Reason));
        Assert.Equal(
            "Lost. 3 attempts in a row were lost without progress, the limit of option Retry:MaxLostAttempts, so the "
            + "job may be the cause. RetryJob runs it again.",
            job.Failure.Message);
        Assert.Equal(JobStatus.Pending, Lose(JobTransitions.Retry(job, Now), framesResumed: 5, options).Status);
    }

    [Fact]
    public void AfterLoss_Progress_ReturnsToTheQueue()
    {
        var options = new RetryOptions { MaxLostAttempts = 2 };
        var job = After();
        for (var frames = 0; frames < 10; frames++)
        {
            job = Lose(job, frames, options);
            Assert.Equal(JobStatus.Pending, job.Status);
        }
    }

    [Theory]
    [InlineData(ErrorReason.DecoderLost, nameof(SegmentLoss.None), true)]
    [InlineData(ErrorReason.InferenceUnavailable, nameof(SegmentLoss.Alone), true)]
    [InlineData(ErrorReason.InferenceUnavailable, nameof(SegmentLoss.Shared), false)]
    [InlineData(ErrorReason.InferenceUnavailable, nameof(SegmentLoss.None), false)]
    [InlineData(ErrorReason.StorageFull, nameof(SegmentLoss.None), false)]
    public void AfterSegmentLoss_ThirdRunOfASegment_IsFinalOnlyIfNoOtherJobCanBeTheCause(
        ErrorReason reason, string loss, bool isFinal)
    {
        var options = new RetryOptions { MaxLostSegmentRuns = 3 };
        var run = Run(start: 10, reason, Enum.Parse<SegmentLoss>(loss));

        Assert.Same(run.Failure, RetryPolicy.AfterSegmentLoss(run, [run], options));
        Assert.Equal(isFinal, RetryPolicy.AfterSegmentLoss(run, [run, run], options).IsFinal);
        var other = Run(start: 20, reason, run.Loss);
        Assert.Same(run.Failure, RetryPolicy.AfterSegmentLoss(run, [run, other, other], options));
        Assert.Equal(reason, RetryPolicy.AfterSegmentLoss(run, [run, run], options).Reason);
    }

    [Fact]
    public void AfterSegmentLoss_EarlierSharedLosses_DoNotCountAndTheMessageNamesFramesAndOption()
    {
        var options = new RetryOptions { MaxLostSegmentRuns = 2 };
        var alone = Run(start: 10, ErrorReason.InferenceUnavailable, SegmentLoss.Alone);
        var shared = Run(start: 10, ErrorReason.InferenceUnavailable, SegmentLoss.Shared);

        Assert.Same(alone.Failure, RetryPolicy.AfterSegmentLoss(alone, [shared, shared, shared], options));
        Assert.Same(shared.Failure, RetryPolicy.AfterSegmentLoss(shared, [alone, alone], options));
        var final = RetryPolicy.AfterSegmentLoss(alone, [shared, alone], options);
        Assert.Equal(
            "Lost. 2 runs of the frames 10 to 19 were lost like this, the limit of option Retry:MaxLostSegmentRuns, so "
            + "the video is probably the cause. RetryJob runs the job again.",
            final.Message);
    }

    [Fact]
    public void SuspectCount_OfTheSegmentsToRun_ReachesTheLastThatLostItsInferenceService()
    {
        Segment[] missing = [new(2, 20, 30), new(5, 50, 60), new(7, 70, 80)];
        var lost = ErrorReason.InferenceUnavailable;

        Assert.Equal(0, RetryPolicy.SuspectCount(missing, []));
        Assert.Equal(1, RetryPolicy.SuspectCount(missing, [Run(20, lost, SegmentLoss.Alone)]));
        Assert.Equal(
            2,
            RetryPolicy.SuspectCount(
                missing, [Run(50, lost, SegmentLoss.Shared), Run(20, lost, SegmentLoss.Shared)]));

        // Neither a stored segment, nor one that no InferenceService had, nor one that lost its decoder.
        Assert.Equal(0, RetryPolicy.SuspectCount(missing, [Run(60, lost, SegmentLoss.Alone)]));
        Assert.Equal(0, RetryPolicy.SuspectCount(missing, [Run(70, lost, SegmentLoss.None)]));
        Assert.Equal(0, RetryPolicy.SuspectCount(missing, [Run(70, ErrorReason.DecoderLost, SegmentLoss.None)]));
    }

    private static SegmentRun Run(int start, ErrorReason reason, SegmentLoss loss) =>
        new(new Segment(start / 10, start, start + 10), Attempt: 1, Now)
        {
            Failure = new JobFailure(reason, "Lost."),
            Loss = loss,
        };

    /// <summary>Runs an attempt that resumes after some frames and is lost.</summary>
    private static JobRecord Lose(JobRecord job, int framesResumed, RetryOptions options)
    {
        var running = JobTransitions.Claim(job with { Status = JobStatus.Pending }, Guid.NewGuid(), Now, Lease);
        running = running with
        {
            Attempts = [.. running.Attempts.SkipLast(1), running.Attempts[^1] with { FramesResumed = framesResumed }],
        };
        return RetryPolicy.AfterLoss(running, new JobFailure(ErrorReason.LeaseLost, "Lost."), options, Now);
    }

    private static JobRecord After(params JobFailure[] failures) => new()
    {
        JobId = Guid.Empty,
        Status = JobStatus.Running,
        PipelineId = "p",
        InputPath = "v",
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
        QueuedAt = DateTimeOffset.UnixEpoch,
        Attempts =
        [
            .. failures.Select((failure, index) =>
                new AttemptRecord(index + 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, failure)),
            new AttemptRecord(failures.Length + 1, DateTimeOffset.UnixEpoch, null, null),
        ],
    };
}
