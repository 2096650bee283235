using ForegSyte.Jobs.Inference;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>A busy InferenceService costs a job no attempt, whatever call it refuses.</summary>
public sealed class BusyInferenceTests
{
    private static readonly InferenceFailedException Busy =
        new(new JobFailure(ErrorReason.InferenceBusy, "Busy.")) { RetryAfter = TimeSpan.FromSeconds(3) };

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Fact]
    public async Task RunAsync_ProbesRefusedMoreOftenThanMaxAttempts_CompletesInOneAttempt()
    {
        var probes = 0;
        var inference = new ScriptedInference { OnProbe = () => ++probes <= 10 ? throw Busy : Task.CompletedTask };
        await using var engine = NewEngine(inference);
        var jobId = await engine.AddJobAsync();
        var start = _time.GetUtcNow();

        await AdvanceUntilEndedAsync(engine.RunAsync(jobId));

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, 1, 11), (job.Status, job.Attempts.Count, inference.Probes));
        Assert.True(_time.GetUtcNow() - start >= 10 * Busy.RetryAfter, "A probe came before its retry delay.");
    }

    [Fact]
    public async Task RunAsync_StoppedWhileProbesAreRefused_ReturnsTheJobToTheQueue()
    {
        var refused = new TaskCompletionSource();
        var inference = new ScriptedInference
        {
            OnProbe = () =>
            {
                refused.TrySetResult();
                throw Busy;
            },
        };
        await using var engine = NewEngine(inference);
        var jobId = await engine.AddJobAsync();
        using var stop = new CancellationTokenSource();
        var run = engine.RunUntilStoppedAsync(jobId, stop.Token);
        await engine.WaitAsync(refused.Task, "the first probe", jobId);

        await stop.CancelAsync();

        Assert.Equal(TimeSpan.Zero, await run);
        Assert.Equal(JobStatus.Pending, (await engine.ReadAsync(jobId)).Status);
    }

    [Fact]
    public async Task RunAsync_ProbesRefusedForTheWholeRunTime_EndsThen()
    {
        var inference = new ScriptedInference { OnProbe = () => throw Busy };
        await using var engine = NewEngine(inference, ("Tenants:MaxRunTime", "00:01:00"));
        var jobId = await engine.AddJobAsync();

        await AdvanceUntilEndedAsync(engine.RunAsync(jobId));

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Failed, ErrorReason.VideoLimitExceeded), (job.Status, job.Failure!.Reason));
    }

    /// <summary>It refused the segment and was lost later, so the segment never ran there.</summary>
    [Fact]
    public async Task RunAsync_BusyInferenceServiceIsLostLater_IsNotBlamedOnTheSegment()
    {
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = (_, call, _) =>
                throw (call % 2 == 1 ? Busy : new InferenceFailedException(InferenceFailures.NoneServes)),
        };
        await using var engine = NewEngine(inference);
        var jobId = await engine.AddJobAsync();
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            await AdvanceUntilEndedAsync(engine.RunAsync(jobId));
        }

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Failed, 5), (job.Status, job.Attempts.Count));
        Assert.DoesNotContain("MaxLostSegmentRuns", job.Failure!.Message, StringComparison.Ordinal);
    }

    /// <summary>The fake clock advances faster than the heartbeats, which are real writes.</summary>
    private JobEngine NewEngine(ScriptedInference inference, params (string Key, string Value)[] settings) =>
        new(inference, _time, null, [("Dispatch:LeaseDuration", "01:00:00"), .. settings]);

    private async Task AdvanceUntilEndedAsync(Task run)
    {
        while (!run.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        await run;
    }
}
