using CsCheck;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

/// <summary>
/// Properties of the state machine: random walks of commands, and the rules that hold in every state.
/// </summary>
public sealed class JobTransitionsTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(15);
    private static readonly Guid[] Tokens =
        [.. Enumerable.Range(1, 3).Select(number => new Guid(number, 0, 0, new byte[8]))];
    private static readonly JobFailure Failure = new(ErrorReason.DecoderLost, "The decoder was lost.");

    /// <summary>
    /// The steps of a walk: a command, a token, and the seconds since the previous step, possibly negative.
    /// </summary>
    private static readonly Gen<(int Command, Guid Token, DateTimeOffset Now, int Frames)[]> Walks =
        Gen.Select(Gen.Int[0, 11], Gen.Int[0, 2], Gen.Int[-3, 8], Gen.Int[0, 50]).Array[0, 40].Select(steps =>
        {
            var now = Start;
            return steps
                .Select(step => (step.Item1, Tokens[step.Item2], now = now.AddSeconds(step.Item3), step.Item4))
                .ToArray();
        });

    [Fact]
    public void AnyWalk_ThroughTheStates_KeepsTheRules() => Walks.Sample(walk =>
    {
        var job = Pending();
        foreach (var step in walk)
        {
            JobRecord next;
            try
            {
                next = Apply(job, step);
            }
            catch (TransitionRefusedException)
            {
                continue;
            }

            CheckState(next);
            CheckStep(job, next, step);
            job = next;
        }
    });

    [Fact]
    public void LostAttempt_LongAfterItsLease_EndedWithTheLease()
    {
        var running = JobTransitions.Claim(Pending(), Tokens[0], Start, LeaseDuration);
        var monday = Start.AddDays(3);

        Assert.Equal(Start + LeaseDuration, JobTransitions.Rescue(running, Failure, monday).Attempts[0].EndedAt);
        Assert.Equal(Start + LeaseDuration, JobTransitions.Cancel(running, monday).Attempts[0].EndedAt);
        var abandoned = JobTransitions.Abandon(running, Failure, monday);
        Assert.Equal((monday, Start + LeaseDuration), (abandoned.EndedAt, abandoned.Attempts[0].EndedAt));
        Assert.Equal(
            Start.AddSeconds(1), JobTransitions.Rescue(running, Failure, Start.AddSeconds(1)).Attempts[0].EndedAt);
    }

    [Theory]
    [InlineData(JobStatus.Completed)]
    [InlineData(JobStatus.Failed)]
    [InlineData(JobStatus.Cancelled)]
    public void AnyCommandOfADispatcher_OnATerminalJob_IsRefused(JobStatus status)
    {
        var job = JobTransitions.Claim(Pending(), Tokens[0], Start, LeaseDuration) with { Status = status };
        for (var command = 0; command <= 7; command++)
        {
            var refused = Assert.Throws<TransitionRefusedException>(() => Apply(job, (command, Tokens[0], Start, 1)));
            Assert.Equal(TransitionRefusal.WrongStatus, refused.Refusal);
        }
    }

    [Fact]
    public void Cancel_AndRetry_MayBeRepeatedAndKnowTheirStatuses()
    {
        var running = JobTransitions.Claim(Pending(), Tokens[0], Start, LeaseDuration);
        var completed = JobTransitions.Complete(
            running, Tokens[0], new StoredResults("x", 7), new JobSummary(), JobWarnings.Empty, Start);
        var failed = JobTransitions.Fail(running, Tokens[0], Failure, Start);
        var cancelled = JobTransitions.Cancel(running, Start);
        Assert.Same(cancelled, JobTransitions.Cancel(cancelled, Start.AddSeconds(1)));
        Assert.Same(running, JobTransitions.Retry(running, Start));
        Assert.Throws<TransitionRefusedException>(() => JobTransitions.Cancel(completed, Start));
        Assert.Throws<TransitionRefusedException>(() => JobTransitions.Cancel(failed, Start));
        Assert.Throws<TransitionRefusedException>(() => JobTransitions.Retry(completed, Start));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void AnyCommandOfADispatcher_WhenItsLeaseExpired_IsRefused(int command)
    {
        var job = JobTransitions.Claim(Pending(), Tokens[0], Start, LeaseDuration);
        Apply(job, (command, Tokens[0], Start + LeaseDuration - TimeSpan.FromTicks(1), 1));
        Assert.False(
            JobTransitions.HasExpiredLease(job, Start + LeaseDuration - TimeSpan.FromTicks(1)),
            "The lease expired a tick too early.");
        var refused = Assert.Throws<TransitionRefusedException>(
            () => Apply(job, (command, Tokens[0], Start + LeaseDuration, 1)));
        Assert.Equal(TransitionRefusal.StaleLease, refused.Refusal);
        Assert.True(JobTransitions.HasExpiredLease(job, Start + LeaseDuration), "The lease did not expire.");
    }

    [Fact]
    public void Complete_WithTheTokenOfAnEarlierAttempt_IsRefused()
    {
        var first = JobTransitions.Claim(Pending(), Tokens[0], Start, LeaseDuration);
        var second =
            JobTransitions.Claim(JobTransitions.Rescue(first, Failure, Start), Tokens[1], Start, LeaseDuration);
        var refused = Assert.Throws<TransitionRefusedException>(
            () => JobTransitions.Complete(
                second, Tokens[0], new StoredResults("x", 7), new JobSummary(), JobWarnings.Empty, Start));
        Assert.Equal(TransitionRefusal.StaleLease, refused.Refusal);
    }

    [Fact]
    public void Claim_AfterARelease_AddsAnAttemptAndKeepsTheFirstOnesFailure()
    {
        var job = JobTransitions.Claim(Pending(), Tokens[0], Start, LeaseDuration);
        job = JobTransitions.Release(job, Tokens[0], Failure, TimeSpan.Zero, Start.AddSeconds(1));
        job = JobTransitions.Claim(job, Tokens[1], Start.AddSeconds(2), LeaseDuration);
        Assert.Equal(
            [
                new AttemptRecord(1, Start, Start.AddSeconds(1), Failure) { Retryable = true },
                new AttemptRecord(2, Start.AddSeconds(2), null, null),
            ],
            job.Attempts);
    }

    [Fact]
    public void Update_OfNothing_IsTheSameInstance()
    {
        var tags = new JobTags([new("camera", "north")]);
        var job = Pending() with { DisplayName = "lobby", Tags = tags, Priority = 7 };

        Assert.Same(job, JobTransitions.Update(job, new JobUpdate(), Start.AddHours(1)));
        Assert.Same(job, JobTransitions.Update(
            job, new JobUpdate("lobby", new JobTags([new("camera", "north")]), 7), Start.AddHours(1)));
        var changed = JobTransitions.Update(job, new JobUpdate("", JobTags.Empty, 0), Start.AddHours(1));
        Assert.Equal(
            ("", JobTags.Empty, 0, Start.AddHours(1)),
            (changed.DisplayName, changed.Tags, changed.Priority, changed.UpdatedAt));
    }

    [Fact]
    public void Update_PriorityOfATerminalJob_IsRefused()
    {
        var job = JobTransitions.Cancel(Pending(), Start);

        Assert.Equal("x", JobTransitions.Update(job, new JobUpdate("x"), Start).DisplayName);
        var refused = Assert.Throws<TransitionRefusedException>(
            () => JobTransitions.Update(job, new JobUpdate("x", Priority: job.Priority + 1), Start));
        Assert.Equal(TransitionRefusal.WrongStatus, refused.Refusal);

        // A caller that writes back the job it has read does not change its priority.
        Assert.Equal("x", JobTransitions.Update(job, new JobUpdate("x", Priority: job.Priority), Start).DisplayName);
    }

    [Fact]
    public void Retry_JobThatLostFrames_CountsProgressAndWarningsAnew()
    {
        var found = JobWarnings.Empty.With(WarningReason.TrailingBytes, 2).With(WarningReason.UnsupportedScript, 3);
        var job = JobTransitions.Claim(Pending(), Tokens[0], Start, LeaseDuration);
        job = JobTransitions.Advance(
            job, Tokens[0],
            new SegmentProgress(6, TimeSpan.Zero, TimeSpan.Zero, DeviceList.Empty) { Warnings = found }, Start);
        job = JobTransitions.Fail(job, Tokens[0], Failure, Start);
        var kept = JobTransitions.Retry(job, Start);
        Assert.Equal((6, found), (kept.FramesDone, kept.Warnings));

        var lossy = JobTransitions.Retry(job with { Warnings = found.With(WarningReason.FramesLost, 1) }, Start);

        Assert.Equal(
            (0, JobWarnings.Empty.With(WarningReason.TrailingBytes, 2)), (lossy.FramesDone, lossy.Warnings));
    }

    [Fact]
    public void PlanAndAdvance_DifferentTotals_RecordEachInItsField()
    {
        var devices = new DeviceList([new Device { Description = "GPU" }]);
        var video = new VideoInfo { FrameCount = 70 };
        var job = JobTransitions.Claim(Pending(), Tokens[0], Start, LeaseDuration);
        job = JobTransitions.Plan(
            job, Tokens[0], new PlannedWork(video, 35, 8),
            new SegmentProgress(6, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), DeviceList.Empty),
            Start.AddSeconds(1));
        Assert.Equal((video, 35, 8), (job.Video, job.FramesTotal, job.SegmentFrames));
        Assert.Equal(
            (6, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3)), (job.FramesDone, job.DecodeTime, job.InferenceTime));
        Assert.Equal((6, Start), (job.Attempts.Single().FramesResumed, job.Attempts.Single().StartedAt));

        job = JobTransitions.Advance(
            job, Tokens[0], new SegmentProgress(14, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(11), devices),
            Start.AddSeconds(2));
        Assert.Equal(
            (14, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(11), devices),
            (job.FramesDone, job.DecodeTime, job.InferenceTime, job.Devices));
        Assert.Equal((35, 6), (job.FramesTotal, job.Attempts.Single().FramesResumed));

        var warnings = JobWarnings.Empty.With(WarningReason.FramesLost, 4);
        job = JobTransitions.Complete(
            job, Tokens[0], new StoredResults("results.json", 7), new JobSummary(), warnings, Start.AddSeconds(3));
        Assert.Equal(warnings, job.Warnings);
        Assert.Equal((Start.AddSeconds(3), devices), (job.Attempts.Single().EndedAt, job.Attempts.Single().Devices));
    }

    [Fact]
    public void Release_WithABackOff_IsTheEarliestStartOfTheNextAttempt()
    {
        var job = JobTransitions.Claim(Pending(), Tokens[0], Start, LeaseDuration);

        Assert.Equal(Start.AddSeconds(11), Release(10).NextAttemptAt);
        Assert.Null(Release(0).NextAttemptAt);

        JobRecord Release(int seconds) => JobTransitions.Release(
            job, Tokens[0], Failure, TimeSpan.FromSeconds(seconds), Start.AddSeconds(1));
    }

    [Fact]
    public void Renew_LeaseThatAlreadyLastsAsLong_IsTheSameInstance()
    {
        var job = JobTransitions.Claim(Pending(), Tokens[0], Start, LeaseDuration);

        Assert.Same(job, JobTransitions.Renew(job, Tokens[0], Start, LeaseDuration));
        var renewed = JobTransitions.Renew(job, Tokens[0], Start.AddTicks(1), LeaseDuration);
        Assert.Equal(Start.AddTicks(1) + LeaseDuration, renewed.Lease!.ExpiresAt);
    }

    [Fact]
    public void Plan_StrideOfAFrameRate_ReplacesTheJobsOwn()
    {
        var job = JobTransitions.Claim(Pending() with { FrameStride = 2 }, Tokens[0], Start, LeaseDuration);

        Assert.Equal(3, Plan(3).FrameStride);
        Assert.Equal(2, Plan(null).FrameStride);

        JobRecord Plan(int? stride) => JobTransitions.Plan(
            job, Tokens[0], new PlannedWork(new VideoInfo(), 35, 8) { FrameStride = stride },
            new SegmentProgress(0, TimeSpan.Zero, TimeSpan.Zero, DeviceList.Empty), Start);
    }

    [Fact]
    public void AnyRefusal_SaysWhatTheJobIsAndWhatTheChangeRequires()
    {
        const string Id = "11111111-2222-4333-8444-555555555555";
        var running = JobTransitions.Claim(Pending(), Tokens[0], Start, LeaseDuration);
        var cancelled = JobTransitions.Cancel(running, Start);
        var failed = JobTransitions.Fail(running, Tokens[0], Failure, Start);
        var completed = failed with { Status = JobStatus.Completed };
        Assert.Equal(
            (ErrorReason.JobCancelled, "A caller cancelled the job."),
            (cancelled.Attempts[0].Failure!.Reason, cancelled.Attempts[0].Failure!.Message));

        AssertRefused(
            $"Job {Id} is RUNNING; this change requires PENDING.", () => Apply(running, (0, Tokens[0], Start, 1)));
        AssertRefused(
            $"Job {Id} is FAILED; this change requires RUNNING.", () => Apply(failed, (1, Tokens[0], Start, 1)));
        AssertRefused(
            $"Job {Id} is FAILED; this change requires PENDING or RUNNING.",
            () => JobTransitions.Cancel(failed, Start));
        AssertRefused(
            $"Job {Id} is COMPLETED; this change requires FAILED or CANCELLED.",
            () => JobTransitions.Retry(completed, Start));
        AssertRefused(
            $"Job {Id} is FAILED; this change requires PENDING or RUNNING.",
            () => JobTransitions.Update(failed, new JobUpdate(Priority: failed.Priority + 1), Start));
        AssertRefused(
            $"Job {Id} is RUNNING; this change requires COMPLETED, FAILED or CANCELLED.",
            () => JobTransitions.RequireDeletable(running));
        AssertRefused(
            $"Another dispatcher holds the lease of job {Id}.", () => Apply(running, (1, Tokens[1], Start, 1)));
        AssertRefused(
            $"The lease of job {Id} expired at 2026-01-02T03:04:20.0000000+00:00.",
            () => Apply(running, (1, Tokens[0], Start.AddMinutes(1), 1)));

        static void AssertRefused(string message, Action change) =>
            Assert.Equal(message, Assert.Throws<TransitionRefusedException>(change).Message);
    }

    private static void CheckState(JobRecord job)
    {
        Assert.Equal(job.Status == JobStatus.Running, job.Lease is not null);
        Assert.Equal(job.IsTerminal, job.EndedAt is not null);
        Assert.Equal(job.Status == JobStatus.Failed, job.Failure is not null);
        Assert.Equal(job.Status == JobStatus.Completed, job.OutputPath is not null && job.Summary is not null);
        Assert.Equal(Enumerable.Range(1, job.Attempts.Count), job.Attempts.Select(attempt => attempt.Number));
        Assert.All(job.Attempts.SkipLast(1), attempt => Assert.NotNull(attempt.EndedAt));
        Assert.Equal(job.Status == JobStatus.Running, job.Attempts.Count > 0 && job.Attempts[^1].EndedAt is null);
        Assert.True(job.UpdatedAt >= job.CreatedAt, "UpdatedAt is before CreatedAt.");
        Assert.True(
            job.NextAttemptAt is null || job.Status == JobStatus.Pending,
            "A job that is not pending has a next attempt.");
        Assert.InRange(job.ForgivenAttempts, 0, job.Attempts.Count);
    }

    private static void CheckStep(
        JobRecord before, JobRecord after, (int Command, Guid Token, DateTimeOffset Now, int Frames) step)
    {
        Assert.True(after.UpdatedAt >= before.UpdatedAt, "UpdatedAt fell after the clock was set back.");
        if (ReferenceEquals(before, after))
        {
            return;
        }

        if (step.Command == 11)
        {
            Assert.Equal(
                before,
                after with
                {
                    DisplayName = before.DisplayName,
                    Priority = before.Priority,
                    UpdatedAt = before.UpdatedAt,
                });
            return;
        }

        if (before.IsTerminal)
        {
            // Only a caller's retry leaves a terminal status; the job gets all its attempts again.
            Assert.Equal((9, JobStatus.Pending), (step.Command, after.Status));
            Assert.NotEqual(JobStatus.Completed, before.Status);
            Assert.Equal(before.Attempts, after.Attempts);
            Assert.Equal((before.Attempts.Count, after.UpdatedAt), (after.ForgivenAttempts, after.QueuedAt));
        }
        else
        {
            Assert.Equal((before.QueuedAt, before.ForgivenAttempts), (after.QueuedAt, after.ForgivenAttempts));
        }

        if (before.Status == JobStatus.Running && step.Command is not (7 or 8 or 10))
        {
            Assert.Equal(before.Lease!.Token, step.Token);
            Assert.True(before.Lease.ExpiresAt > step.Now, "A command was accepted under an expired lease.");
        }

        if (before.Status == after.Status)
        {
            Assert.True(after.FramesDone >= before.FramesDone, "Progress fell within an attempt.");
            Assert.True(after.Lease!.ExpiresAt >= before.Lease!.ExpiresAt, "The lease was shortened.");
        }
    }

    private static JobRecord Apply(
        JobRecord job, (int Command, Guid Token, DateTimeOffset Now, int Frames) step) => step.Command switch
        {
            0 => JobTransitions.Claim(job, step.Token, step.Now, LeaseDuration),
            1 => JobTransitions.Renew(job, step.Token, step.Now, LeaseDuration),
            2 => JobTransitions.Plan(
                job, step.Token, new PlannedWork(new VideoInfo { FrameCount = 50 }, 50, 8),
                new SegmentProgress(job.FramesDone, TimeSpan.Zero, TimeSpan.Zero, DeviceList.Empty), step.Now),
            3 => JobTransitions.Advance(
                job, step.Token, new SegmentProgress(step.Frames, TimeSpan.Zero, TimeSpan.Zero, DeviceList.Empty),
                step.Now),
            4 => JobTransitions.Complete(
                job, step.Token, new StoredResults("results.json", 7), new JobSummary(), JobWarnings.Empty, step.Now),
            5 => JobTransitions.Fail(job, step.Token, Failure, step.Now),
            6 => JobTransitions.Release(job, step.Token, Failure, TimeSpan.FromSeconds(step.Frames), step.Now),
            7 => JobTransitions.Rescue(job, Failure, step.Now),
            8 => JobTransitions.Cancel(job, step.Now),
            9 => JobTransitions.Retry(job, step.Now),
            10 => JobTransitions.Abandon(job, Failure, step.Now),
            11 => JobTransitions.Update(
                job, new JobUpdate($"{step.Frames % 3}", Priority: step.Frames < 10 ? step.Frames : null), step.Now),
            _ => throw new ArgumentOutOfRangeException(nameof(step)),
        };

    private static JobRecord Pending() => new()
    {
        JobId = new Guid("11111111-2222-4333-8444-555555555555"),
        Status = JobStatus.Pending,
        PipelineId = "yolo_ocr",
        InputPath = "video.mp4",
        CreatedAt = Start,
        UpdatedAt = Start,
        QueuedAt = Start,
    };
}
