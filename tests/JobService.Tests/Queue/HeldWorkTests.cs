using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Failures, cancellations and deletions while a segment of the job is held in an InferenceService.</summary>
public sealed class HeldWorkTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly JobFailure StageFailed = new(ErrorReason.StageFailed, "The stage failed.");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task SegmentFails_WhileAnotherIsHeld_CancelsItWaitsForItAndFailsWithItsOwnReason()
    {
        var held = Guid.Empty;
        var inference = new ScriptedInference
        {
            OnRun = (request, _, cancellationToken) => request.JobId != held.ToString() ? Task.CompletedTask
                : request.Range.StartFrame == 0 ? HoldAsync(cancellationToken)
                : FailAsync(),
        };
        await using var engine = new JobEngine(inference, _time);
        var jobId = held = await engine.AddJobAsync();
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(_cancelled.Task, "the held segment to be cancelled", jobId);
        await engine.RunAnotherJobAsync();

        Assert.Equal(JobStatus.Running, (await engine.ReadAsync(jobId)).Status);
        Assert.True(engine.Attempts.Contains(jobId), "The attempt ended while one of its segments was still running.");

        _letGo.SetResult();
        Assert.Null(await run);
        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Failed, ErrorReason.StageFailed), (job.Status, job.Failure!.Reason));
        Assert.False(engine.Attempts.Contains(jobId), "The ended attempt is still registered.");
        Assert.Equal([ArtifactKeys.Plan(jobId)], await KeysOfAsync(engine, jobId));
        Assert.Equal(
            [0, 32],
            inference.Requests.Where(request => request.JobId == jobId.ToString())
                .Select(request => request.Range.StartFrame));

        var runs = engine.Services.GetRequiredService<SegmentRuns>().Of(jobId);
        Assert.All(runs, segment => Assert.NotNull(segment.EndedAt));
        Assert.Equal([null, ErrorReason.StageFailed], runs.Select(segment => segment.Failure?.Reason));

        async Task FailAsync()
        {
            await _begun.Task;
            throw new InferenceFailedException(StageFailed);
        }
    }

    [Fact]
    public async Task Delete_OfACancelledJobWhoseAttemptIsHeld_KeepsTheTombstoneUntilTheAttemptEnds()
    {
        var held = Guid.Empty;
        var inference = new ScriptedInference
        {
            OnRun = (request, _, cancellationToken) =>
                request.JobId == held.ToString() ? HoldAsync(cancellationToken) : Task.CompletedTask,
        };
        await using var engine = new JobEngine(inference, _time);
        var jobId = held = await engine.AddJobAsync();
        await engine.PutVideoAsync(jobId);
        var rowDeleted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.Store.Committed += commit =>
        {
            if (commit.JobId == jobId && commit.After is null)
            {
                rowDeleted.TrySetResult();
            }
        };
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(_begun.Task, "the first segment to begin", jobId);
        await engine.Control.CancelAsync(jobId, _ => { }, None);
        await engine.WaitAsync(_cancelled.Task, "the held segment to be cancelled", jobId);
        var delete = engine.Removal.DeleteAsync(jobId, _ => { }, None);
        await engine.WaitAsync(rowDeleted.Task, "the row to be deleted", jobId);
        await engine.RunAnotherJobAsync();

        Assert.Equal([jobId], await engine.Store.ListDeletedAsync(10, None));
        Assert.Contains(ArtifactKeys.Video(jobId), await KeysOfAsync(engine, jobId));
        Assert.False(delete.IsCompleted, "The deletion ended while the job's attempt was still running.");

        _letGo.SetResult();
        Assert.True(
            await engine.WaitAsync(delete, "the deletion to end", jobId), "The deletion did not find the job.");
        Assert.Null(await run);
        Assert.Null(await engine.Store.FindAsync(jobId, None));
        Assert.Empty(await KeysOfAsync(engine, jobId));
        Assert.Empty(await engine.Store.ListDeletedAsync(10, None));
    }

    [Fact]
    public async Task Retry_WhileTheCancelledAttemptIsHeld_CompletesAndTheLateResponseLeavesNothing()
    {
        // Returns a correct response after its cancellation, as a suspended process does.
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = async (_, call, _) =>
            {
                if (call == 1)
                {
                    _begun.TrySetResult();
                    await _letGo.Task;
                }
            },
        };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        await engine.PutVideoAsync(jobId);
        var late = engine.RunAsync(jobId);
        await engine.WaitAsync(_begun.Task, "the first segment to begin", jobId);
        await engine.Control.CancelAsync(jobId, _ => { }, None);
        await engine.Control.RetryAsync(jobId, _ => { }, None);
        Assert.Null(await engine.RunAsync(jobId));
        var completed = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Completed, completed.Status);

        _letGo.SetResult();
        Assert.Null(await late);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, completed.EndedAt), (job.Status, job.EndedAt));
        Assert.Equal(
            [ErrorReason.JobCancelled, null], job.Attempts.Select(attempt => attempt.Failure?.Reason));
        Assert.Equal(
            [ArtifactKeys.Video(jobId), StorageCalls.SidecarOf(jobId), ArtifactKeys.Results(jobId)],
            await KeysOfAsync(engine, jobId));
    }

    [Fact]
    public async Task Progress_WhileASegmentBecomesDurable_CountsOnlyStoredSegments()
    {
        var shown = new List<(string Step, int FramesDone)>();
        JobEngine engine = null!;
        await using (engine = new JobEngine(
            new ScriptedInference(), _time, null, storage => new ObservedStorage(storage, Observe),
            [("Dispatch:SegmentsInFlight", "1"), ("Dispatch:SegmentFrames", "10")]))
        {
            var jobId = await engine.AddJobAsync(frameStride: 3);
            await engine.RunAsync(jobId);
            Assert.Equal(34, (await engine.ReadAsync(jobId)).FramesDone);
        }

        // Segments of 10, 10 and 14 analyzed frames.
        Assert.Equal(
            [("before", 0), ("after", 0), ("before", 10), ("after", 10), ("before", 20), ("after", 20)], shown);

        void Observe(string step)
        {
            if (step.Contains("the commit of", StringComparison.Ordinal)
                && step.EndsWith(".binpb", StringComparison.Ordinal))
            {
                shown.Add((step[..step.IndexOf(' ', StringComparison.Ordinal)],
                    Assert.Single(engine.Tracker.Running).FramesDone));
            }
        }
    }

    /// <summary>Holds a segment until the test lets go, even after its cancellation.</summary>
    private async Task HoldAsync(CancellationToken cancellationToken)
    {
        _begun.TrySetResult();
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        finally
        {
            _cancelled.TrySetResult();
            await _letGo.Task;
        }
    }

    private static async Task<IEnumerable<string>> KeysOfAsync(JobEngine engine, Guid jobId) =>
        (await engine.Storage.KeysAsync()).Where(key => ArtifactKeys.JobOf(key) == jobId).Order(StringComparer.Ordinal);
}
