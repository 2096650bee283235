using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Attempts that lose their job while they run: to CancelJob, to a rescue, to a clock.</summary>
public sealed class LostAttemptTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task Cancel_WhileASegmentRuns_StopsItsCallAndKeepsCancelled()
    {
        await using var engine = new JobEngine(Blocking(), _time);
        var jobId = await engine.AddJobAsync();
        var run = engine.Runner.RunAsync(jobId, None);
        await _begun.Task;

        var cancelled = await engine.Control.CancelAsync(jobId, None);

        await _stopped.Task.WaitAsync(Patience, None);
        Assert.Null(await run.WaitAsync(Patience, None));
        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Cancelled, cancelled!.Status);
        Assert.Equal((JobStatus.Cancelled, cancelled.EndedAt), (job.Status, job.EndedAt));
        Assert.Equal(ErrorReason.JobCancelled, job.Attempts.Single().Failure!.Reason);
        Assert.False(engine.Attempts.Contains(jobId));
        Assert.Equal(0, engine.Queue.Size);
    }

    [Fact]
    public async Task Cancel_BeforeTheProbeAnswers_StopsTheAttempt()
    {
        var probed = new TaskCompletionSource();
        var inference = new ScriptedInference
        {
            OnProbe = async () =>
            {
                _begun.TrySetResult();
                await probed.Task;
            },
        };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        var run = engine.Runner.RunAsync(jobId, None);
        await _begun.Task;
        await engine.Control.CancelAsync(jobId, None);
        probed.SetResult();
        await run;
        Assert.Equal(JobStatus.Cancelled, (await engine.ReadAsync(jobId)).Status);
        Assert.Empty(inference.Requests);
    }

    [Fact]
    public async Task Rescue_OfALeaseThatExpired_CancelsTheAttemptAndQueuesTheJob()
    {
        await using var engine = new JobEngine(
            Blocking(), _time, null,
            ("Dispatch:HeartbeatInterval", "00:30:00"), ("Dispatch:LeaseDuration", "01:00:00"));
        var jobId = await engine.AddJobAsync();
        var run = engine.Runner.RunAsync(jobId, None);
        await _begun.Task;
        Assert.Equal(0, await engine.Rescuer.RescueAsync(None));

        // The clock jumps past the lease, as after the process was held up.
        _time.AdjustTime(_time.GetUtcNow().AddHours(2));
        Assert.Equal(1, await engine.Rescuer.RescueAsync(None));

        await _stopped.Task.WaitAsync(Patience, None);
        await run;
        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Pending, job.Status);
        Assert.Equal(
            (ErrorReason.LeaseLost, true), (job.Attempts.Single().Failure!.Reason, job.Attempts.Single().Retryable));
        Assert.Equal(1, engine.Queue.PositionOf(jobId));
    }

    [Fact]
    public async Task LateAttempt_WhoseJobWasRescuedAndTakenAgain_ChangesNothing()
    {
        var calls = 0;
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = async (_, _, _) =>
            {
                // Deaf to its cancellation, as a process that was stopped is.
                if (Interlocked.Increment(ref calls) == 1)
                {
                    _begun.TrySetResult();
                    await _letGo.Task;
                }
            },
        };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        var late = engine.Runner.RunAsync(jobId, None);
        await _begun.Task;
        _time.AdjustTime(_time.GetUtcNow().AddHours(1));
        Assert.Equal(1, await engine.Rescuer.RescueAsync(None));
        Assert.Null(await engine.Runner.RunAsync(jobId, None));
        var completed = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Completed, completed.Status);

        _letGo.SetResult();
        Assert.Null(await late);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((completed.Status, completed.EndedAt, 2), (job.Status, job.EndedAt, job.Attempts.Count));
    }

    [Fact]
    public async Task Rescue_AfterTheClockWasSetBack_FreesAJobThatNobodyWorksOn()
    {
        await using var engine = new JobEngine(new ScriptedInference(), _time);
        var jobId = await engine.AddJobAsync();
        await engine.Board.ChangeAsync(
            jobId,
            job => JobTransitions.Claim(job, Guid.NewGuid(), _time.GetUtcNow().AddHours(1), TimeSpan.FromSeconds(15)),
            None);
        Assert.Equal(1, await engine.Rescuer.RescueAsync(None));
        Assert.Equal(JobStatus.Pending, (await engine.ReadAsync(jobId)).Status);
    }

    [Fact]
    public async Task Delete_OfACancelledJob_WaitsForWhatStillRuns()
    {
        await using var engine = new JobEngine(Blocking(untilLetGo: true), _time);
        var jobId = await engine.AddJobAsync();
        var run = engine.Runner.RunAsync(jobId, None);
        await _begun.Task;
        await engine.Control.CancelAsync(jobId, None);
        var delete = engine.Removal.DeleteAsync(jobId, None);
        await _stopped.Task.WaitAsync(Patience, None);
        Assert.False(delete.IsCompleted);
        _letGo.SetResult();
        Assert.True(await delete.WaitAsync(Patience, None));
        await run;
        Assert.Null(await engine.Store.FindAsync(jobId, None));
        Assert.Empty(engine.Storage.ListKeys());
        Assert.Empty(await engine.Store.ListDeletedAsync(10, None));
    }

    private ScriptedInference Blocking(bool untilLetGo = false) => new()
    {
        OnRun = async (_, _, cancellationToken) =>
        {
            _begun.TrySetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            finally
            {
                _stopped.TrySetResult();
                if (untilLetGo)
                {
                    await _letGo.Task;
                }
            }
        },
    };
}
