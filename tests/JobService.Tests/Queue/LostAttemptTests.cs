using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Attempts that lose their job while they run: to CancelJob, to a rescue, to a change of the clock.</summary>
public sealed class LostAttemptTests
{
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
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(_begun.Task, "the first segment or probe to begin", jobId);

        var cancelled = await engine.Control.CancelAsync(jobId, _ => { }, None);

        await engine.WaitAsync(_stopped.Task, "the held segment to be cancelled", jobId);
        Assert.Null(await run);
        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Cancelled, cancelled!.Status);
        Assert.Equal((JobStatus.Cancelled, cancelled.EndedAt), (job.Status, job.EndedAt));
        Assert.Equal(ErrorReason.JobCancelled, job.Attempts.Single().Failure!.Reason);
        Assert.False(engine.Attempts.Contains(jobId), "The ended attempt is still registered.");
        Assert.Equal(0, engine.Queue.Size);
    }

    [Fact]
    public async Task Cancel_DuringTheProbe_StopsTheAttempt()
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
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(_begun.Task, "the first segment or probe to begin", jobId);
        await engine.Control.CancelAsync(jobId, _ => { }, None);
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
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(_begun.Task, "the first segment or probe to begin", jobId);
        Assert.Equal(0, await engine.Rescuer.RescueAsync(None));

        // The clock jumps past the lease, as after the process was suspended.
        _time.AdjustTime(_time.GetUtcNow().AddHours(2));
        Assert.Equal(1, await engine.Rescuer.RescueAsync(None));

        await engine.WaitAsync(_stopped.Task, "the held segment to be cancelled", jobId);
        await run;
        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Pending, job.Status);
        Assert.Equal(
            (ErrorReason.LeaseLost, true), (job.Attempts.Single().Failure!.Reason, job.Attempts.Single().Retryable));
        Assert.Equal(1, engine.Queue.PositionOf(jobId));
    }

    [Fact]
    public async Task LateAttempt_OfARescuedAndCompletedJob_ChangesNothing()
    {
        var calls = 0;
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = async (_, _, _) =>
            {
                // Ignores its cancellation, as a suspended process does.
                if (Interlocked.Increment(ref calls) == 1)
                {
                    _begun.TrySetResult();
                    await _letGo.Task;
                }
            },
        };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        var late = engine.RunAsync(jobId);
        await engine.WaitAsync(_begun.Task, "the first segment or probe to begin", jobId);
        _time.AdjustTime(_time.GetUtcNow().AddHours(1));
        Assert.Equal(1, await engine.Rescuer.RescueAsync(None));
        Assert.Null(await engine.RunAsync(jobId));
        var completed = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Completed, completed.Status);

        _letGo.SetResult();
        Assert.Null(await late);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((completed.Status, completed.EndedAt, 2), (job.Status, job.EndedAt, job.Attempts.Count));
    }

    [Fact]
    public async Task Rescue_AfterTheClockWasSetBack_FreesAJobWithoutAnAttempt()
    {
        await using var engine = new JobEngine(new ScriptedInference(), _time);
        var jobId = await engine.AddJobAsync();
        await engine.Tracker.ChangeAsync(
            jobId,
            job => JobTransitions.Claim(job, Guid.NewGuid(), _time.GetUtcNow().AddHours(1), TimeSpan.FromSeconds(15)),
            None);
        Assert.Equal(1, await engine.Rescuer.RescueAsync(None));
        Assert.Equal(JobStatus.Pending, (await engine.ReadAsync(jobId)).Status);
    }

    private ScriptedInference Blocking() => new()
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
            }
        },
    };
}
