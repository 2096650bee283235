using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>The metrics of jobs in the running service, and exact values under a fake clock.</summary>
public sealed class JobMeteringTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 1, TimeSpan.Zero);
    private readonly FakeTimeProvider _time = new(Start);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_CompletedFailedAndRetried_AreCountedByOutcome()
    {
        var broken = new JobFailure(ErrorReason.StageFailed, "A stage failed.");
        var lost = new JobFailure(ErrorReason.DecoderLost, "The decoder was lost.");
        var isBroken = false;
        var inference = new ScriptedInference
        {
            OnRun = (request, _, _) => isBroken
                ? Task.FromException(new InferenceFailedException(broken))
                : request.Attempt == 1 ? Task.FromException(new InferenceFailedException(lost)) : Task.CompletedTask,
        };
        await using var service = await RunningJobService.StartAsync(
            inference, ("Retry:FirstDelay", "00:00:00.020"), ("Dispatch:MaxConcurrentJobs", "1"));
        using var metrics = new RecordedMetrics<JobMetrics>(service.Services);

        var good = await service.SubmitAsync();
        await service.GetWhenAsync(good.JobId, job => job.Status == JobStatus.Completed);
        isBroken = true;
        var bad = await service.SubmitAsync();
        await service.GetWhenAsync(bad.JobId, job => job.Status == JobStatus.Failed);

        Assert.Equal([1, 1], metrics.Values("foregsyte.jobs.submitted"));
        Assert.Equal([1], metrics.Values("foregsyte.jobs.ended", "status=COMPLETED,reason="));
        Assert.Equal([1], metrics.Values("foregsyte.jobs.ended", "status=FAILED,reason=STAGE_FAILED"));
        Assert.Single(metrics.Values("foregsyte.jobs.duration", "status=COMPLETED"));
        Assert.Single(metrics.Values("foregsyte.jobs.attempt.duration", "outcome=retried"));
        Assert.Single(metrics.Values("foregsyte.jobs.attempt.duration", "outcome=completed"));
        Assert.Single(metrics.Values("foregsyte.jobs.attempt.duration", "outcome=failed"));
        Assert.Equal(3, metrics.Values("foregsyte.jobs.wait_time").Count);
        Assert.Empty(metrics.Values("foregsyte.jobs.leases.lost"));
        Assert.Equal(
            metrics.Values("foregsyte.jobs.commit.size").Count, metrics.Values("foregsyte.jobs.commit.duration").Count);
        Assert.All(
            metrics.Values("foregsyte.jobs.commit.size"), size => Assert.InRange(size, 1, double.MaxValue));
    }

    [Fact]
    public async Task Gauges_WhileJobsWait_ShowThem()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        using var metrics = new RecordedMetrics<JobMetrics>(service.Services);
        var first = await service.SubmitAsync();
        await service.SubmitAsync();

        metrics.Collect();
        Assert.Equal([2], metrics.Values("foregsyte.jobs.queue.depth", "state=queued"));
        Assert.Equal([0], metrics.Values("foregsyte.jobs.queue.depth", "state=back_off"));
        Assert.InRange(
            Assert.Single(metrics.Values("foregsyte.jobs.queue.oldest_age")), double.Epsilon, double.MaxValue);
        Assert.Equal([0], metrics.Values("foregsyte.jobs.running"));
        Assert.Equal([1], metrics.Values("foregsyte.jobs.inference_services.serving"));
        Assert.InRange(Assert.Single(metrics.Values("foregsyte.jobs.storage.free")), 1, double.MaxValue);

        await service.Client.CancelJobAsync(
            new CancelJobRequest { JobId = first.JobId }, cancellationToken: Cancellation);
        Assert.Equal([1], metrics.Values("foregsyte.jobs.ended", "status=CANCELLED,reason="));
        Assert.Empty(metrics.Values("foregsyte.jobs.attempt.duration"));
    }

    [Fact]
    public async Task Gauges_WhileCountingTakesLong_KeepTheLastCounts()
    {
        var store = new InMemoryJobStore();
        var claims = new IdleClaims { OnCount = () => Task.FromResult(new QueueCounts(3, 1, null)) };
        using var metrics = new RecordedMetrics<JobMetrics>();
        var metering = new JobMetering(
            store, new JobTracker(store), claims, new ScriptedInference(), new InMemoryStorage(), metrics.Metrics,
            NullLogger<JobMetering>.Instance);
        await metering.StartAsync(Cancellation);
        metrics.Collect();
        var counting = new TaskCompletionSource<QueueCounts>();
        claims.OnCount = () => counting.Task;
        metrics.Collect();
        counting.SetResult(new QueueCounts(8, 2, null));
        claims.OnCount = () => Task.FromException<QueueCounts>(new IOException("The database is away."));
        Assert.Equal([2, 2], metrics.Values("foregsyte.jobs.queue.depth", "state=queued"));
        Assert.Equal([1, 1], metrics.Values("foregsyte.jobs.queue.depth", "state=back_off"));
        do
        {
            Cancellation.ThrowIfCancellationRequested();
            await Task.Yield();
            metrics.Collect();
        }
        while (metrics.Values("foregsyte.jobs.queue.depth", "state=queued")[^1] is not 6);

        metrics.Collect();
        Assert.Equal(6, metrics.Values("foregsyte.jobs.queue.depth", "state=queued")[^1]);
    }

    [Fact]
    public async Task Lease_ThatIsNotRenewed_IsCountedAsLost()
    {
        var held = new TaskCompletionSource();
        var inference = new ScriptedInference { OnRun = (_, call, _) => call == 1 ? held.Task : Task.CompletedTask };
        await using var service = await RunningJobService.StartAsync(inference);
        using var metrics = new RecordedMetrics<JobMetrics>(service.Services);
        var tracker = (JobTracker)service.Services.GetService(typeof(JobTracker))!;
        var job = await service.SubmitAsync();
        await service.GetWhenAsync(job.JobId, shown => shown.Status == JobStatus.Running);

        // As if the dispatcher had been suspended for longer than its lease.
        await tracker.ChangeAsync(
            Guid.Parse(job.JobId),
            running => RetryPolicy.AfterLoss(
                running, new JobFailure(ErrorReason.LeaseLost, "Held up."), new RetryOptions(), running.UpdatedAt),
            Cancellation);

        Assert.Equal([1], metrics.Values("foregsyte.jobs.leases.lost"));
        Assert.Single(metrics.Values("foregsyte.jobs.attempt.duration", "outcome=lost"));
        held.SetResult();
    }

    [Fact]
    public async Task Times_OfAJobWithABackOff_AreExact()
    {
        var lost = new InferenceFailedException(new JobFailure(ErrorReason.DecoderLost, "The decoder was lost."));
        var inference = new ScriptedInference
        {
            OnRun = (request, _, _) =>
            {
                // 11 s and a failure in the first attempt's second segment; 17 s in each segment of the second attempt.
                _time.Advance(TimeSpan.FromSeconds(request.Attempt == 1 ? 5.5 : 17));
                return request is { Attempt: 1, Range.StartFrame: > 0 } ? Task.FromException(lost) : Task.CompletedTask;
            },
            Change = (request, response) => response.Timings = new SegmentTimings
            {
                Decode = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(1000 + (request.Range.StartFrame * 10))),
                Inference = Duration.FromTimeSpan(TimeSpan.FromSeconds(40 + request.Range.EndFrame)),
                Total = Duration.FromTimeSpan(TimeSpan.FromHours(1)),
            },
        };
        await using var engine = await StartEngineAsync(inference);
        using var metrics = new RecordedMetrics<JobMetrics>(engine.Services);
        var jobId = await engine.AddJobAsync(submittedAt: Start);
        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.NotNull(await engine.RunAsync(jobId));
        var due = (await engine.ReadAsync(jobId)).NextAttemptAt!.Value;
        _time.SetUtcNow(due.AddSeconds(3));
        Assert.Null(await engine.RunAsync(jobId));

        // Segments 0 to 32 (first attempt), 32 to 64 and 64 to 100 (second attempt).
        var job = await engine.ReadAsync(jobId);
        Assert.Equal(TimeSpan.FromMilliseconds(1000 + 1320 + 1640), job.DecodeTime);
        Assert.Equal(TimeSpan.FromSeconds(72 + 104 + 140), job.InferenceTime);
        Assert.Equal([7, 3], metrics.Values("foregsyte.jobs.wait_time"));
        Assert.Equal([11], metrics.Values("foregsyte.jobs.attempt.duration", "outcome=retried"));
        Assert.Equal([34], metrics.Values("foregsyte.jobs.attempt.duration", "outcome=completed"));
        Assert.Equal(
            [(due.AddSeconds(3 + 34) - Start).TotalSeconds],
            metrics.Values("foregsyte.jobs.duration", "status=COMPLETED"));
    }

    [Fact]
    public async Task RetryJob_OfAFailedJob_CountsEachEndAndEachWaitOnce()
    {
        var isBroken = true;
        var inference = new ScriptedInference
        {
            OnRun = (_, _, _) => isBroken
                ? Task.FromException(new InferenceFailedException(new JobFailure(ErrorReason.StageFailed, "Failed.")))
                : Task.CompletedTask,
        };
        await using var engine = await StartEngineAsync(inference);
        using var metrics = new RecordedMetrics<JobMetrics>(engine.Services);
        var jobId = await engine.AddJobAsync(submittedAt: Start);
        await engine.PutVideoAsync(jobId);
        _time.Advance(TimeSpan.FromSeconds(2));
        await engine.RunAsync(jobId);
        _time.Advance(TimeSpan.FromSeconds(60));
        await engine.Control.RetryAsync(jobId, _ => { }, Cancellation);
        Assert.Empty(metrics.Values("foregsyte.jobs.ended", "status=COMPLETED,reason="));
        _time.Advance(TimeSpan.FromSeconds(5));
        isBroken = false;
        await engine.RunAsync(jobId);

        Assert.Equal([1], metrics.Values("foregsyte.jobs.submitted"));
        Assert.Equal([1], metrics.Values("foregsyte.jobs.ended", "status=FAILED,reason=STAGE_FAILED"));
        Assert.Equal([1], metrics.Values("foregsyte.jobs.ended", "status=COMPLETED,reason="));
        Assert.Equal(2, metrics.Values("foregsyte.jobs.ended").Count);
        Assert.Equal([2], metrics.Values("foregsyte.jobs.duration", "status=FAILED"));
        Assert.Equal([67], metrics.Values("foregsyte.jobs.duration", "status=COMPLETED"));
        Assert.Equal([2, 5], metrics.Values("foregsyte.jobs.wait_time"));
        Assert.Equal([0], metrics.Values("foregsyte.jobs.attempt.duration", "outcome=failed"));
        Assert.Equal([0], metrics.Values("foregsyte.jobs.attempt.duration", "outcome=completed"));
    }

    [Fact]
    public async Task CancelJob_AfterARetry_CountsTheCancelledEndOnceAndNoAttempt()
    {
        var failed = new InferenceFailedException(new JobFailure(ErrorReason.StageFailed, "The stage failed."));
        await using var engine = await StartEngineAsync(
            new ScriptedInference { OnRun = (_, _, _) => Task.FromException(failed) });
        using var metrics = new RecordedMetrics<JobMetrics>(engine.Services);
        var jobId = await engine.AddJobAsync(submittedAt: Start);
        await engine.PutVideoAsync(jobId);
        await engine.RunAsync(jobId);
        _time.Advance(TimeSpan.FromSeconds(9));
        await engine.Control.RetryAsync(jobId, _ => { }, Cancellation);
        _time.Advance(TimeSpan.FromSeconds(4));
        await engine.Control.CancelAsync(jobId, _ => { }, Cancellation);
        await engine.Control.CancelAsync(jobId, _ => { }, Cancellation);

        Assert.Equal([1], metrics.Values("foregsyte.jobs.ended", "status=CANCELLED,reason="));
        Assert.Equal([13], metrics.Values("foregsyte.jobs.duration", "status=CANCELLED"));
        Assert.Single(metrics.Values("foregsyte.jobs.attempt.duration"));
        Assert.Single(metrics.Values("foregsyte.jobs.wait_time"));
    }

    /// <summary>One segment at a time, no heartbeat, and the metrics recorder running.</summary>
    private async Task<JobEngine> StartEngineAsync(ScriptedInference inference)
    {
        var engine = new JobEngine(
            inference, _time, null, ("Dispatch:SegmentsInFlight", "1"), ("Dispatch:LeaseDuration", "01:00:00"),
            ("Dispatch:HeartbeatInterval", "00:30:00"));
        await ActivatorUtilities.CreateInstance<JobMetering>(engine.Services).StartAsync(Cancellation);
        return engine;
    }
}
