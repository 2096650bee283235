using System.Diagnostics;
using System.Reflection;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Attempts whose end meets a change of another node, or a store that is away.</summary>
public sealed class SharedStoreRunnerTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunAsync_AnotherNodeTookTheJobBeforeItsEnd_ForgetsIt(bool isDeleted)
    {
        var isTaken = false;
        var refused = new TransitionRefusedException(TransitionRefusal.StaleLease, "Another node cancelled the job.");
        await using var engine = Engine(
            () => isTaken = true,
            (method, call) => isTaken && method.Name == nameof(IJobStore.UpdateAsync)
                ? isDeleted ? Task.FromResult<JobRecord?>(null) : Task.FromException<JobRecord?>(refused)
                : call());
        var jobId = await engine.AddJobAsync();

        await engine.RunAsync(jobId);

        Assert.True(isTaken, "The attempt did not run.");
        Assert.Empty(engine.Tracker.Running);
    }

    [Fact]
    public async Task RunAsync_StoreIsAwayWhenTheSpanEnds_ReturnsTheResultAndEndsTheSpan()
    {
        var isAway = false;
        await using var engine = Engine(
            () => isAway = true,
            (method, call) => isAway && method.Name == nameof(IJobStore.FindAsync)
                ? new ValueTask<JobRecord?>(Task.FromException<JobRecord?>(new IOException("away")))
                : call());
        var jobId = await engine.AddJobAsync();
        var (source, ended) = (JobTraces.Source, new TaskCompletionSource());
        using var listener = new ActivityListener
        {
            ShouldListenTo = candidate => candidate == source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if (span.OperationName == JobTraces.Attempt
                    && span.TagObjects.Any(tag => tag.Value?.ToString() == jobId.ToString()))
                {
                    ended.TrySetResult();
                }
            },
        };
        ActivitySource.AddActivityListener(listener);

        Assert.Null(await engine.RunAsync(jobId));

        isAway = false;
        Assert.True(ended.Task.IsCompleted, "The span of the attempt has not ended.");
        Assert.Equal(JobStatus.Failed, (await engine.ReadAsync(jobId)).Status);
    }

    [Fact]
    public async Task RunAsync_StoreDoesNotAnswerUntilTheLeaseEnds_EndsTheAttempt()
    {
        var (runs, stopped) = (new TaskCompletionSource(), new TaskCompletionSource());
        var frozen = new TaskCompletionSource<JobRecord?>();
        var isFrozen = false;
        await using var engine = Engine(
            async cancellationToken =>
            {
                isFrozen = true;
                runs.TrySetResult();
                await using var registration = cancellationToken.Register(() => stopped.TrySetResult());
                await Task.Delay(Timeout.Infinite, cancellationToken);
            },
            (method, call) => isFrozen && method.Name == nameof(IJobStore.UpdateAsync) ? frozen.Task : call());
        var jobId = await engine.AddJobAsync();
        var running = engine.RunAsync(jobId);
        await runs.Task;

        // The heartbeat begins at a tick of the timer, and waits until the lease ends.
        await Wait.UntilAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return stopped.Task.IsCompleted;
            },
            "The attempt ends with its lease.");

        isFrozen = false;
        frozen.SetException(new IOException("The database does not answer."));
        Assert.Null(await running);
        Assert.Equal(JobStatus.Running, (await engine.ReadAsync(jobId)).Status);
    }

    /// <summary>An engine on a shared store whose attempts fail for good, after a call of the test.</summary>
    private JobEngine Engine(Action onRun, Func<MethodInfo, Func<object?>, object?> aroundStore) => Engine(
        _ =>
        {
            onRun();
            throw new InferenceFailedException(new JobFailure(ErrorReason.StageFailed, "The stage failed."));
        },
        aroundStore);

    private JobEngine Engine(
        Func<CancellationToken, Task> onRun, Func<MethodInfo, Func<object?>, object?> aroundStore) => new(
        new ScriptedInference { OnRun = (_, _, cancellationToken) => onRun(cancellationToken) },
        _time, folder: null, storage => storage, [],
        (method, call) => method.Name == $"get_{nameof(IJobStore.IsShared)}" ? true : aroundStore(method, call));
}
