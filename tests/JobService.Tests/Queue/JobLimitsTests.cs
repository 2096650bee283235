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
        await using var engine = new JobEngine(inference, _time, null, ("Tenants:MaxRunTime", "2s"));
        var jobId = await engine.AddJobAsync();
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(running.Task, "the first segment", jobId);

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Null(await run);
        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Failed, ErrorReason.VideoLimitExceeded), (job.Status, job.Failure!.Reason));
        Assert.Equal(
            ("Tenants:MaxRunTime", "2s"), (job.Failure.Metadata["option"], job.Failure.Metadata["limit"]));
        Assert.Contains(
            "finished segments stay stored, and RetryJob continues it", job.Failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "00:00:00", null)]
    [InlineData("", "00:00:05", 5)]
    [InlineData("a", "00:00:00", 86_400)]
    [InlineData("a", "00:00:05", 5)]
    public void TimeLeft_FirstAttempt_IsTheLimitOrADayOrUnlimitedWithoutAuthentication(
        string tenant, string option, int? seconds)
    {
        var job = TestJobs.Pending() with { Tenant = tenant, Attempts = [] };
        var limits = new TenantOptions
        {
            MaxRunTime = TimeSpan.ParseExact(option, "c", System.Globalization.CultureInfo.InvariantCulture),
        };

        Assert.Equal(
            seconds is { } limit ? TimeSpan.FromSeconds(limit) : Timeout.InfiniteTimeSpan,
            JobLimits.TimeLeft(job, limits));
    }

    /// <summary>The JobService crashes on Friday and starts again on Monday.</summary>
    [Fact]
    public async Task MaxRunTime_JobServiceThatWasDownForDays_CountsNoDowntime()
    {
        await using var engine = new JobEngine(
            new ScriptedInference(), _time, null, ("Tenants:MaxRunTime", "00:01:00"));
        var jobId = await engine.AddJobAsync();
        await engine.Tracker.ChangeAsync(
            jobId,
            job => JobTransitions.Claim(job, Guid.NewGuid(), _time.GetUtcNow(), TimeSpan.FromSeconds(15)),
            CancellationToken.None);
        var claimed = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromDays(3));

        await engine.Recovery.RunAsync(CancellationToken.None);

        Assert.Equal(claimed.AddSeconds(15), (await engine.ReadAsync(jobId)).Attempts[0].EndedAt);
        Assert.Null(await engine.RunAsync(jobId));
        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(jobId)).Status);
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
