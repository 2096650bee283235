using System.Reflection;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Attempts on a store that poses as one that other nodes share.</summary>
public sealed class SharedStoreTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private volatile bool _isAway;

    private static CancellationToken None => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Progress_OfASharedStore_IsStoredWithinASecond()
    {
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var inference = new ScriptedInference
        {
            OnRun = (_, call, cancellationToken) =>
            {
                if (call == 1)
                {
                    return Task.CompletedTask;
                }

                begun.TrySetResult();
                return release.Task.WaitAsync(cancellationToken);
            },
        };
        await using var engine = new JobEngine(
            inference, _time, folder: null, storage => storage, [("Dispatch:SegmentsInFlight", "1")], Shared);
        var jobId = await engine.AddJobAsync();
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(begun.Task, "the second segment to begin", jobId);
        Assert.Equal(0, (await engine.Tracker.FindAsync(jobId, None))!.FramesDone);

        var stored = engine.Tracker.NextChange(jobId);
        _time.Advance(TimeSpan.FromSeconds(1));
        await engine.WaitAsync(stored, "the progress to be stored", jobId);

        Assert.InRange((await engine.Tracker.FindAsync(jobId, None))!.FramesDone, 1, int.MaxValue);
        release.SetResult();
        await run;
        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(jobId)).Status);
    }

    [Fact]
    public async Task RunAsync_StoreAwayForLongerThanTheLease_EndsTheAttempt()
    {
        var (begun, stopped) = (new TaskCompletionSource(), new TaskCompletionSource());
        var inference = new ScriptedInference
        {
            OnRun = async (_, _, cancellationToken) =>
            {
                begun.TrySetResult();
                try
                {
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                }
                finally
                {
                    stopped.TrySetResult();
                }
            },
        };
        await using var engine = new JobEngine(inference, _time, folder: null, storage => storage, [], Shared);
        var jobId = await engine.AddJobAsync();
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(begun.Task, "the first segment to begin", jobId);
        var expiresAt = (await engine.ReadAsync(jobId)).Lease!.ExpiresAt;
        _isAway = true;
        while (!stopped.Task.IsCompleted)
        {
            None.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Null(await run);
        Assert.InRange(_time.GetUtcNow(), expiresAt, DateTimeOffset.MaxValue);
        Assert.Equal(JobStatus.Running, (await engine.ReadAsync(jobId)).Status);
        Assert.Empty(engine.Tracker.Running);
        _isAway = false;
        Assert.Equal(1, await engine.Rescuer.RescueAsync(None));
    }

    private object? Shared(MethodInfo method, Func<object?> call) => method.Name switch
    {
        $"get_{nameof(IJobStore.IsShared)}" => true,
        nameof(IJobStore.UpdateAsync) when _isAway =>
            Task.FromException<JobRecord?>(new IOException("The database is away.")),
        _ => call(),
    };
}
