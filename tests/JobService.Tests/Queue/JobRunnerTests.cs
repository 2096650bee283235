using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

public sealed class JobRunnerTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Fact]
    public async Task RunAsync_AllSegmentsDone_CompletesWithResultsInOrder()
    {
        var inference = new ScriptedInference();
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync(frameStride: 3);

        Assert.Null(await engine.RunAsync(jobId));

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Equal((34, 34), (job.FramesDone, job.FramesTotal));
        Assert.Equal("scripted", Assert.Single(job.Devices).Description);
        Assert.Equal(new FrameAccounting { Total = 100, Analyzed = 34, Skipped = 66 }, job.Summary!.Frames);
        Assert.Contains(new LabelSummary { Label = "person", DetectionCount = 34 }, job.Summary.Labels);
        await using var document = await ResultsDocumentReader.OpenAsync(
            engine.Storage, job.OutputPath!, CancellationToken.None);
        var page = await document.ReadPageAsync(0, 1 << 20, CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, 34).Select(index => index * 3), page.Frames.Select(frame => frame.FrameIndex));
    }

    [Fact]
    public async Task RunAsync_MaxFrames_CountsTheOtherFramesAsSkipped()
    {
        await using var engine = new JobEngine(new ScriptedInference(), _time);
        var jobId = await engine.AddJobAsync(frameStride: 2, maxFrames: 10);
        await engine.RunAsync(jobId);
        Assert.Equal(
            new FrameAccounting { Total = 100, Analyzed = 10, Skipped = 90 },
            (await engine.ReadAsync(jobId)).Summary!.Frames);
    }

    [Fact]
    public async Task RunAsync_SegmentsEndInAnotherOrder_WritesThemInOrder()
    {
        var second = new TaskCompletionSource();
        var inference = new ScriptedInference
        {
            OnRun = async (_, call, cancellationToken) =>
            {
                if (call == 1)
                {
                    await second.Task.WaitAsync(cancellationToken);
                }
                else
                {
                    second.TrySetResult();
                }
            },
        };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(jobId)).Status);
    }

    [Fact]
    public async Task RunAsync_PermanentFailure_FailsAtOnceAndLeavesNoDocument()
    {
        var failure =
            new JobFailure(
                ErrorReason.StageFailed, "The stage failed.", new Dictionary<string, string> { ["node"] = "detect" });
        var inference = new ScriptedInference { OnRun = (_, call, _) => Throw(call == 2, failure) };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();

        Assert.Null(await engine.RunAsync(jobId));

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Failed, job.Status);
        Assert.Equal("The stage failed.", job.Failure!.Message);
        Assert.Equal("detect", job.Failure.Metadata["node"]);
        Assert.Null(job.OutputPath);
        Assert.DoesNotContain(ArtifactKeys.Results(jobId), await engine.Storage.KeysAsync());
        Assert.DoesNotContain(
            Directory.EnumerateFiles(engine.Folder.File("video_jobs")),
            path => Path.GetFileName(path).StartsWith('.'));
    }

    [Fact]
    public async Task RunAsync_LostInferenceService_IsRetriedAndThenCompletes()
    {
        var lost = new JobFailure(ErrorReason.InferenceUnavailable, "Lost.");
        var inference = new ScriptedInference { OnRun = (_, call, _) => Throw(call == 2, lost) };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();

        Assert.InRange((await engine.RunAsync(jobId))!.Value.TotalSeconds, 0.5, 1);
        Assert.Equal(JobStatus.Pending, (await engine.ReadAsync(jobId)).Status);
        Assert.Null(await engine.RunAsync(jobId));

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Equal([lost.Reason, null], job.Attempts.Select(attempt => attempt.Failure?.Reason));
    }

    [Fact]
    public async Task RunAsync_LostAgainAndAgain_FailsWhenTheAttemptsAreUsedUp()
    {
        var lost = new JobFailure(ErrorReason.InferenceUnavailable, "Lost.");
        var inference = new ScriptedInference { OnProbe = () => Throw(true, lost) };
        await using var engine = new JobEngine(inference, _time, null, ("Retry:MaxAttempts", "3"));
        var jobId = await engine.AddJobAsync();
        Assert.NotNull(await engine.RunAsync(jobId));
        Assert.NotNull(await engine.RunAsync(jobId));
        Assert.Null(await engine.RunAsync(jobId));
        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Failed, job.Status);
        Assert.Equal(3, job.Attempts.Count);
    }

    [Fact]
    public async Task RunAsync_Stopped_HandsTheJobBack()
    {
        var begun = new TaskCompletionSource();
        var inference = new ScriptedInference
        {
            OnRun = async (_, _, cancellationToken) =>
            {
                begun.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            },
        };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        using var stop = new CancellationTokenSource();
        var run = engine.RunUntilStoppedAsync(jobId, stop.Token);
        await engine.WaitAsync(begun.Task, "the first segment or probe to begin", jobId);
        await stop.CancelAsync();
        await run;

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Pending, job.Status);
        Assert.Equal(ErrorReason.ShuttingDown, job.Attempts.Single().Failure!.Reason);
    }

    [Fact]
    public async Task RunAsync_JobTakenOverMeanwhile_DropsItsResult()
    {
        var inference = new ScriptedInference();
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        var other = Guid.NewGuid();
        inference.OnRun = (_, call, _) => call > 1 ? Task.CompletedTask : engine.Store.UpdateAsync(
            jobId,
            job => JobTransitions.Claim(
                JobTransitions.Rescue(job, new JobFailure(ErrorReason.LeaseLost, "Rescued."), _time.GetUtcNow()),
                other, _time.GetUtcNow(), TimeSpan.FromSeconds(15)),
            None);

        Assert.Null(await engine.RunAsync(jobId));

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Running, job.Status);
        Assert.Equal(other, job.Lease!.Token);
        Assert.Null(job.OutputPath);
    }

    [Fact]
    public async Task RunAsync_JobCancelledAfterItsClaim_DoesNothing()
    {
        var inference = new ScriptedInference();
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        using var turn = await engine.Claims.TryClaimAsync(jobId, None);
        await engine.Control.CancelAsync(jobId, _ => { }, None);

        Assert.Null(await engine.WaitAsync(engine.Runner.RunAsync(turn!, None), "the attempt to end", jobId));

        Assert.Equal(JobStatus.Cancelled, (await engine.ReadAsync(jobId)).Status);
        Assert.Empty(inference.Requests);
    }

    [Fact]
    public async Task RunAsync_LongSegment_RenewsTheLease()
    {
        var release = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        var inference = new ScriptedInference
        {
            OnRun = async (_, _, cancellationToken) =>
            {
                begun.TrySetResult();
                await release.Task.WaitAsync(cancellationToken);
            },
        };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(begun.Task, "the first segment or probe to begin", jobId);
        var before = (await engine.ReadAsync(jobId)).Lease!.ExpiresAt;
        var renewed = engine.Tracker.NextChange(jobId);
        _time.Advance(TimeSpan.FromSeconds(6));
        await engine.WaitAsync(renewed, "a renewal of the lease", jobId);
        var after = (await engine.ReadAsync(jobId)).Lease!.ExpiresAt;
        Assert.True(after > before, $"The lease expires at {after:O}, as before the heartbeat ({before:O}).");
        release.SetResult();
        await run;
        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(jobId)).Status);
    }

    [Fact]
    public async Task RunAsync_BusyInferenceService_WaitsForItsRetryDelay()
    {
        var refused = new TaskCompletionSource<DateTimeOffset>();
        var accepted = new TaskCompletionSource<DateTimeOffset>();
        var busy = new InferenceFailedException(new JobFailure(ErrorReason.InferenceBusy, "Busy."))
        {
            RetryAfter = TimeSpan.FromSeconds(3),
        };
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = (_, call, _) =>
            {
                if (call == 1)
                {
                    refused.TrySetResult(_time.GetUtcNow());
                    throw busy;
                }

                accepted.TrySetResult(_time.GetUtcNow());
                return Task.CompletedTask;
            },
        };
        // The fake clock advances faster than the heartbeats, which are real writes.
        await using var engine = new JobEngine(
            inference, _time, settings: ("Dispatch:LeaseDuration", "01:00:00"));
        var jobId = await engine.AddJobAsync();
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(refused.Task, "the first call", jobId);
        while (!accepted.Task.IsCompleted && !run.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        Assert.Null(await run);
        var waited = await engine.WaitAsync(accepted.Task, "the second call", jobId) - await refused.Task;
        Assert.InRange(waited, busy.RetryAfter.Value, TimeSpan.MaxValue);
        Assert.Equal(2, inference.Requests.Count);
        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, 1), (job.Status, job.Attempts.Count));
    }

    [Fact]
    public async Task RunAsync_OneUndecodableSegment_CountsItsFramesAsFailed()
    {
        var damaged = new JobFailure(ErrorReason.UndecodableVideo, "Damaged.");
        var inference =
            new ScriptedInference { OnRun = (request, _, _) => Throw(request.Range.StartFrame == 32, damaged) };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        Assert.Equal(
            new FrameAccounting
            {
                Total = 100,
                Analyzed = 68,
                Failed = 32,
                Failures = { new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = 32 } },
            },
            (await engine.ReadAsync(jobId)).Summary!.Frames);
    }

    [Fact]
    public async Task RunAsync_NoFrameDecodes_Fails()
    {
        var inference = new ScriptedInference
        {
            OnRun = (_, _, _) => Throw(true, new JobFailure(ErrorReason.UndecodableVideo, "Damaged.")),
        };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Failed, ErrorReason.UndecodableVideo), (job.Status, job.Failure!.Reason));
    }

    [Fact]
    public async Task Progress_WhileSegmentsEnd_OnlyGrows()
    {
        await using var engine = new JobEngine(new ScriptedInference(), _time, null, ("Dispatch:SegmentFrames", "5"));
        var jobId = await engine.AddJobAsync();
        var seen = new List<int>();
        var run = engine.RunAsync(jobId);
        while (!run.IsCompleted)
        {
            var change = engine.Tracker.NextChange(jobId);
            var job = (await engine.Tracker.FindAsync(jobId, None))!;
            if (job.Status == JobStatus.Running)
            {
                seen.Add(job.FramesDone);
            }

            await Task.WhenAny(change, run);
        }

        Assert.Equal(seen.Order(), seen);
        Assert.Equal(100, (await engine.ReadAsync(jobId)).FramesDone);
    }

    private static Task Throw(bool now, JobFailure failure) =>
        now ? throw new InferenceFailedException(failure) : Task.CompletedTask;
}
