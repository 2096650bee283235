using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>What is counted of jobs, in the running service with its database.</summary>
public sealed class JobMeteringTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_CompletedFailedAndRetried_AreCountedByWhatBecameOfThem()
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
        Assert.All(metrics.Values("foregsyte.jobs.commit.size"), size => Assert.True(size >= 1));
    }

    [Fact]
    public async Task Jobs_ThatWait_AreSeenWithTheirAge()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        using var metrics = new RecordedMetrics<JobMetrics>(service.Services);
        var first = await service.SubmitAsync();
        await service.SubmitAsync();

        metrics.Collect();
        Assert.Equal([2], metrics.Values("foregsyte.jobs.queue.depth", "state=queued"));
        Assert.Equal([0], metrics.Values("foregsyte.jobs.queue.depth", "state=back_off"));
        Assert.True(Assert.Single(metrics.Values("foregsyte.jobs.queue.oldest_age")) > 0);
        Assert.Equal([0], metrics.Values("foregsyte.jobs.running"));
        Assert.Equal([1], metrics.Values("foregsyte.jobs.inference_services.serving"));
        Assert.True(Assert.Single(metrics.Values("foregsyte.jobs.storage.free")) > 0);

        await service.Client.CancelJobAsync(
            new CancelJobRequest { JobId = first.JobId }, cancellationToken: Cancellation);
        Assert.Equal([1], metrics.Values("foregsyte.jobs.ended", "status=CANCELLED,reason="));
        Assert.Empty(metrics.Values("foregsyte.jobs.attempt.duration"));
    }

    [Fact]
    public async Task Lease_ThatIsNotRenewed_IsCountedAsLost()
    {
        var held = new TaskCompletionSource();
        var inference = new ScriptedInference { OnRun = (_, call, _) => call == 1 ? held.Task : Task.CompletedTask };
        await using var service = await RunningJobService.StartAsync(inference);
        using var metrics = new RecordedMetrics<JobMetrics>(service.Services);
        var board = (JobTracker)service.Services.GetService(typeof(JobTracker))!;
        var job = await service.SubmitAsync();
        await service.GetWhenAsync(job.JobId, shown => shown.Status == JobStatus.Running);

        // As if the dispatcher had been held up for longer than its lease.
        await board.ChangeAsync(
            Guid.Parse(job.JobId),
            running => RetryPolicy.AfterLoss(
                running, new JobFailure(ErrorReason.LeaseLost, "Held up."), new RetryOptions(), running.UpdatedAt),
            Cancellation);

        Assert.Equal([1], metrics.Values("foregsyte.jobs.leases.lost"));
        Assert.Single(metrics.Values("foregsyte.jobs.attempt.duration", "outcome=lost"));
        held.SetResult();
    }
}
