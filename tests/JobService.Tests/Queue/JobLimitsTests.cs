using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>The limits on the work of one job.</summary>
public sealed class JobLimitsTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Theory]
    [InlineData(10, 1, 100, JobStatus.Failed)]
    [InlineData(34, 3, 0, JobStatus.Completed)]
    [InlineData(33, 3, 0, JobStatus.Failed)]
    [InlineData(33, 3, 33, JobStatus.Completed)]
    [InlineData(0, 1, 0, JobStatus.Completed)]
    public async Task MaxFrames_JobOf100Frames_CountsThoseToAnalyze(
        int limit, int stride, int maxFrames, JobStatus expected)
    {
        await using var engine = new JobEngine(
            new ScriptedInference(), _time, null, ("Tenants:MaxFrames", $"{limit}"));
        var jobId = await engine.AddJobAsync(stride, maxFrames);

        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(expected, job.Status);
        if (expected == JobStatus.Failed)
        {
            Assert.Equal(
                (ErrorReason.VideoLimitExceeded, "Tenants:MaxFrames", $"{limit}"),
                (job.Failure!.Reason, job.Failure.Metadata["option"], job.Failure.Metadata["limit"]));
        }
    }

    [Fact]
    public async Task MaxRunTime_JobThatRunsLonger_FailsThenAndKeepsNoPlace()
    {
        var running = new TaskCompletionSource();
        var inference = new ScriptedInference
        {
            OnRun = (_, _, cancellationToken) =>
            {
                running.TrySetResult();
                return Task.Delay(Timeout.Infinite, cancellationToken);
            },
        };
        await using var engine = new JobEngine(inference, _time, null, ("Tenants:MaxRunTime", "00:00:02"));
        var jobId = await engine.AddJobAsync();
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(running.Task, "the first segment", jobId);

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Null(await run);
        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Failed, ErrorReason.VideoLimitExceeded), (job.Status, job.Failure!.Reason));
        Assert.Equal("Tenants:MaxRunTime", job.Failure.Metadata["option"]);
    }

    [Fact]
    public void TimeLeft_EarlierAttempts_CountUntilRetryJobForgivesThem()
    {
        var limits = new TenantOptions { MaxRunTime = TimeSpan.FromMinutes(10) };
        var job = TestJobs.Pending() with
        {
            Attempts =
            [
                new AttemptRecord(1, TestJobs.Noon, TestJobs.Noon.AddMinutes(4), Failure: null),
                new AttemptRecord(2, TestJobs.Noon.AddHours(1), TestJobs.Noon.AddHours(1).AddMinutes(5), Failure: null),
                new AttemptRecord(3, TestJobs.Noon.AddHours(2), EndedAt: null, Failure: null),
            ],
        };

        Assert.Equal(TimeSpan.FromMinutes(1), JobLimits.TimeLeft(job, limits));
        Assert.Equal(TimeSpan.FromMinutes(5), JobLimits.TimeLeft(job with { ForgivenAttempts = 1 }, limits));
        Assert.Equal(
            TimeSpan.Zero, JobLimits.TimeLeft(job, new TenantOptions { MaxRunTime = TimeSpan.FromMinutes(1) }));
    }
}
