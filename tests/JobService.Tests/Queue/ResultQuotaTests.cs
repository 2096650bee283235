using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Jobs whose results exceed the quota of their tenant.</summary>
public sealed class ResultQuotaTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Fact]
    public async Task RunAsync_SegmentAboveTheQuota_FailsTheJobWithTheLimit()
    {
        var inference = new ScriptedInference();
        await using var engine = new JobEngine(inference, _time, null, ("Tenants:MaxResultBytes", "2000"));
        var jobId = await engine.AddJobAsync();

        Assert.Null(await engine.RunAsync(jobId));

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(
            (JobStatus.Failed, ErrorReason.TenantQuotaExceeded, "Tenants:MaxResultBytes", "2000"),
            (job.Status, job.Failure!.Reason, job.Failure.Metadata["option"], job.Failure.Metadata["limit"]));
        Assert.Contains("RetryJob", job.Failure.Message, StringComparison.Ordinal);
        Assert.InRange(job.ResultBytes, 0, 2000);
        Assert.Equal(await BytesOfAsync(engine, jobId), job.ResultBytes);
        Assert.Equal(job.ResultBytes, UseOf(engine));
    }

    [Fact]
    public async Task RunAsync_DocumentAboveTheQuota_FailsTheJobAndLeavesNoDocument()
    {
        await using var measured = new JobEngine(new ScriptedInference(), _time);
        var first = await measured.AddJobAsync();
        await measured.RunAsync(first);
        var bytes = (await measured.ReadAsync(first)).ResultBytes;
        Assert.Equal(await BytesOfAsync(measured, first), bytes);
        await using var engine = new JobEngine(
            new ScriptedInference(), _time, null, ("Tenants:MaxResultBytes", $"{bytes - 1}"));
        var jobId = await engine.AddJobAsync();

        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(ErrorReason.TenantQuotaExceeded, job.Failure!.Reason);
        Assert.DoesNotContain(ArtifactKeys.Results(jobId), await engine.Storage.KeysAsync());
        Assert.Equal(await BytesOfAsync(engine, jobId), job.ResultBytes);
    }

    [Fact]
    public async Task RetryAsync_AfterOtherJobsAreDeleted_ContinuesAndCompletes()
    {
        await using var measured = new JobEngine(new ScriptedInference(), _time);
        var sample = await measured.AddJobAsync();
        await measured.RunAsync(sample);
        var bytes = (await measured.ReadAsync(sample)).ResultBytes;
        var inference = new ScriptedInference();
        await using var engine = new JobEngine(
            inference, _time, null, ("Tenants:MaxResultBytes", $"{bytes + (bytes / 4)}"));
        var first = await engine.AddJobAsync();
        await engine.RunAsync(first);
        var second = await engine.AddJobAsync();
        await engine.PutVideoAsync(second);
        await engine.RunAsync(second);
        Assert.Equal(ErrorReason.TenantQuotaExceeded, (await engine.ReadAsync(second)).Failure!.Reason);
        var calls = inference.Requests.Count;

        await engine.Removal.DeleteAsync(first, _ => { }, TestContext.Current.CancellationToken);
        await engine.Control.RetryAsync(second, _ => { }, TestContext.Current.CancellationToken);
        await engine.RunAsync(second);

        var job = await engine.ReadAsync(second);
        Assert.Equal((JobStatus.Completed, bytes, bytes), (job.Status, job.ResultBytes, UseOf(engine)));
        Assert.Equal(calls, inference.Requests.Count);
    }

    [Fact]
    public async Task RunAsync_NextProcessAfterACrash_CountsTheStoredSegments()
    {
        using var stop = new CancellationTokenSource();
        var inference = new ScriptedInference
        {
            OnRun = async (_, call, cancellationToken) =>
            {
                if (call == 3)
                {
                    await stop.CancelAsync();
                    cancellationToken.ThrowIfCancellationRequested();
                }
            },
        };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        await engine.RunUntilStoppedAsync(jobId, stop.Token);
        Assert.Equal(await BytesOfAsync(engine, jobId), (await engine.ReadAsync(jobId)).ResultBytes);
        await engine.Store.UpdateAsync(
            jobId, job => job with { ResultBytes = 0 }, TestContext.Current.CancellationToken);

        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, await BytesOfAsync(engine, jobId)), (job.Status, job.ResultBytes));
        Assert.Equal(job.ResultBytes, UseOf(engine));
    }

    private static long UseOf(JobEngine engine) =>
        engine.Services.GetRequiredService<TenantSpace>().UseOf("").ResultBytes;

    /// <summary>Size of the stored segments and the document of a job.</summary>
    private static async Task<long> BytesOfAsync(JobEngine engine, Guid jobId)
    {
        var keys = (await engine.Storage.KeysAsync()).Where(key => key == ArtifactKeys.Results(jobId)
            || (ArtifactKeys.JobOf(key) == jobId && ArtifactKeys.IsInterim(key) && key != ArtifactKeys.Plan(jobId)));
        long bytes = 0;
        foreach (var key in keys)
        {
            bytes += (await engine.Storage.ReadAsync(key)).Length;
        }

        return bytes;
    }
}
