using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

public sealed class PendingJobsTests : IDisposable
{
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(15);
    private static readonly JobFailure Lost = new(ErrorReason.DecoderLost, "Lost.");
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly InMemoryJobStore _store;
    private readonly InMemoryQueue _queue = TestQueues.New();
    private readonly PendingJobs _pending;

    public PendingJobsTests()
    {
        _store = new InMemoryJobStore(_time);
        _pending = New();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _pending.Dispose();

    [Fact]
    public async Task Commits_OfAJob_QueueItAndRemoveIt()
    {
        var jobId = await InsertAsync();
        Assert.Equal((1, 1), (_queue.PositionOf(jobId), _pending.CountOf(null).Pending));

        await _store.UpdateAsync(jobId, job => JobTransitions.Cancel(job, _time.GetUtcNow()), Cancellation);
        Assert.Equal((null, 0), (_queue.PositionOf(jobId), _pending.CountOf(null).Pending));

        await _store.UpdateAsync(jobId, job => JobTransitions.Retry(job, _time.GetUtcNow()), Cancellation);
        Assert.Equal((1, 1), (_queue.PositionOf(jobId), _pending.CountOf(null).Pending));
    }

    [Fact]
    public async Task Release_WithADelay_QueuesTheJobAfterIt()
    {
        var jobId = await InsertAsync();
        await ReleaseAsync(jobId, TimeSpan.FromSeconds(10));
        AssertScheduled(_pending, jobId, true);
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Null(_queue.PositionOf(jobId));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(1, _queue.PositionOf(jobId));
        AssertScheduled(_pending, jobId, false);
    }

    [Fact]
    public async Task Cancel_DuringTheBackOff_NeverQueuesTheJob()
    {
        var jobId = await InsertAsync();
        await ReleaseAsync(jobId, TimeSpan.FromSeconds(10));
        await _store.UpdateAsync(jobId, job => JobTransitions.Cancel(job, _time.GetUtcNow()), Cancellation);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((0, 0), (_queue.Size, _pending.CountOf(null).Pending));
    }

    [Fact]
    public async Task Restore_AfterARestart_WaitsForTheRemainingDelay()
    {
        var jobId = await InsertAsync();
        await ReleaseAsync(jobId, TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(4));
        using var restarted = New();
        _queue.Remove(jobId);
        restarted.Restore((await _store.FindAsync(jobId, Cancellation))!);
        _time.Advance(TimeSpan.FromSeconds(5));
        AssertScheduled(restarted, jobId, true);
        _time.Advance(TimeSpan.FromSeconds(1));
        AssertScheduled(restarted, jobId, false);
        Assert.Equal(1, _queue.PositionOf(jobId));
    }

    [Fact]
    public void Restore_AfterTheClockWasSetBack_WaitsAtMostMaxDelay()
    {
        var job = TestJobs.Pending() with { NextAttemptAt = TestJobs.Noon.AddYears(1) };
        _pending.Restore(job);
        _time.Advance(new RetryOptions().MaxDelay);
        Assert.Equal(1, _queue.PositionOf(job.JobId));
    }

    [Fact]
    public async Task Return_DequeuedId_QueuesItUnlessItsJobChanged()
    {
        var (first, second) = (await InsertAsync(), await InsertAsync());
        await _queue.DequeueAsync(Cancellation);
        await _queue.DequeueAsync(Cancellation);
        await _store.UpdateAsync(second, job => JobTransitions.Cancel(job, _time.GetUtcNow()), Cancellation);
        _pending.Return(first);
        _pending.Return(second);
        Assert.Equal((1, null), (_queue.PositionOf(first), _queue.PositionOf(second)));
    }

    [Fact]
    public async Task CountOf_ScheduledAndRunnableJobs_HasTheTimeOfTheOldestRunnableJob()
    {
        Assert.Equal(QueueCounts.None, _pending.CountOf(null));
        var scheduled = await InsertAsync(TestJobs.Noon.AddMinutes(-9));
        await ReleaseAsync(scheduled, TimeSpan.FromSeconds(10));
        Assert.Equal(new QueueCounts(1, 1, null), _pending.CountOf(null));

        // The most urgent job is not the oldest one.
        await InsertAsync(TestJobs.Noon.AddMinutes(-2), priority: 9);
        await InsertAsync(TestJobs.Noon.AddMinutes(-5), priority: 0);
        Assert.Equal(new QueueCounts(3, 1, TestJobs.Noon.AddMinutes(-5)), _pending.CountOf(null));

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(new QueueCounts(3, 0, TestJobs.Noon.AddMinutes(-9)), _pending.CountOf(null));
    }

    [Fact]
    public async Task Update_PriorityOfAQueuedJob_MovesItAtOnceAndAfterARestart()
    {
        var (first, second) = (await InsertAsync(), await InsertAsync(TestJobs.Noon.AddSeconds(1)));

        await UpdateAsync(second, priority: 9);

        Assert.Equal((2, 1), (_queue.PositionOf(first), _queue.PositionOf(second)));
        using var restarted = New();
        _queue.Remove(first);
        _queue.Remove(second);
        foreach (var job in await _store.ListUnfinishedAsync(Cancellation))
        {
            restarted.Restore(job);
        }

        Assert.Equal((2, 1), (_queue.PositionOf(first), _queue.PositionOf(second)));
    }

    [Fact]
    public async Task Update_DequeuedJob_IsNotQueuedTwice()
    {
        var (jobId, other) = (await InsertAsync(), await InsertAsync(TestJobs.Noon.AddSeconds(1)));
        Assert.Equal(jobId, (await _queue.DequeueAsync(Cancellation)).JobId);

        await UpdateAsync(jobId, priority: 0);

        Assert.Equal((null, 1), (_queue.PositionOf(jobId), _queue.Size));
        _pending.Return(jobId);
        Assert.Equal((1, 2), (_queue.PositionOf(other), _queue.PositionOf(jobId)));
    }

    [Fact]
    public async Task Update_DuringTheBackOff_KeepsItsEnd()
    {
        var jobId = await InsertAsync();
        await ReleaseAsync(jobId, TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(4));
        await UpdateAsync(jobId, priority: 9);
        AssertScheduled(_pending, jobId, true);
        var other = await InsertAsync();
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal((1, 2), (_queue.PositionOf(jobId), _queue.PositionOf(other)));
    }

    /// <summary>A caller can change a job before the service has restored it.</summary>
    [Fact]
    public async Task Update_JobThatIsNotRestoredYet_LeavesItToTheRestore()
    {
        var jobId = await InsertAsync();
        using var restarted = New();

        await UpdateAsync(jobId, priority: 9);

        Assert.Equal(0, restarted.CountOf(null).Pending);
        Assert.Equal((1, 1), (_queue.Size, _queue.PositionOf(jobId)));
    }

    [Fact]
    public async Task CountOf_OneTenant_LeavesOutTheJobsOfOthers()
    {
        await InsertAsync(TestJobs.Noon.AddMinutes(-9));
        _pending.Restore(TestJobs.Pending(createdAt: TestJobs.Noon.AddMinutes(-2)) with { Tenant = "acme" });
        _pending.Restore(TestJobs.Pending() with { Tenant = "acme", NextAttemptAt = TestJobs.Noon.AddSeconds(10) });

        Assert.Equal(new QueueCounts(2, 1, TestJobs.Noon.AddMinutes(-2)), _pending.CountOf("acme"));
        Assert.Equal(QueueCounts.None, _pending.CountOf("other"));
        Assert.Equal(new QueueCounts(3, 1, TestJobs.Noon.AddMinutes(-9)), _pending.CountOf(null));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-60)]
    public void Restore_BackOffAlreadyOver_QueuesTheJobAtOnce(int seconds)
    {
        var job = TestJobs.Pending() with { NextAttemptAt = TestJobs.Noon.AddSeconds(seconds) };
        _pending.Restore(job);
        Assert.Equal(1, _queue.PositionOf(job.JobId));
        AssertScheduled(_pending, job.JobId, false);
    }

    [Fact]
    public void Restore_JobsWithDifferentBackOffs_QueuesEachAfterItsOwn()
    {
        var (late, early) = (Scheduled(30), Scheduled(10));
        _pending.Restore(late);
        _pending.Restore(early);

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((null, 1), (_queue.PositionOf(late.JobId), _queue.PositionOf(early.JobId)));

        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(2, _queue.Size);

        static JobRecord Scheduled(int seconds) =>
            TestJobs.Pending() with { NextAttemptAt = TestJobs.Noon.AddSeconds(seconds) };
    }

    [Fact]
    public async Task Postpone_RunnableJob_QueuesItAfterTheDelayWithItsRank()
    {
        var urgent = await InsertAsync(priority: 9);
        var other = await InsertAsync();

        _pending.Postpone(urgent, TimeSpan.FromSeconds(10));

        AssertScheduled(_pending, urgent, true);
        Assert.Equal((null, 1), (_queue.PositionOf(urgent), _queue.PositionOf(other)));
        _time.Advance(TimeSpan.FromSeconds(10));
        AssertScheduled(_pending, urgent, false);
        Assert.Equal((1, 2), (_queue.PositionOf(urgent), _queue.PositionOf(other)));
    }

    [Fact]
    public async Task Postpone_ScheduledOrUnknownJob_ChangesNothing()
    {
        var jobId = await InsertAsync();
        await ReleaseAsync(jobId, TimeSpan.FromSeconds(10));

        _pending.Postpone(jobId, TimeSpan.FromSeconds(1));
        _pending.Postpone(Guid.NewGuid(), TimeSpan.FromSeconds(1));

        Assert.Equal(new QueueCounts(1, 1, null), _pending.CountOf(null));
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, _queue.Size);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((1, 1), (_queue.Size, _queue.PositionOf(jobId)));
    }

    /// <summary>A worker postpones the job that it dequeued, and then returns its id.</summary>
    [Fact]
    public async Task Return_PostponedJob_WaitsForItsDelay()
    {
        var jobId = await InsertAsync();
        await _queue.DequeueAsync(Cancellation);

        _pending.Postpone(jobId, TimeSpan.FromSeconds(10));
        _pending.Return(jobId);

        Assert.Null(_queue.PositionOf(jobId));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(1, _queue.PositionOf(jobId));
    }

    [Fact]
    public async Task QueueNow_PostponedJob_EndsItsWaitForGood()
    {
        var jobId = await InsertAsync();
        _pending.Postpone(jobId, TimeSpan.FromSeconds(10));

        _pending.QueueNow(jobId);

        AssertScheduled(_pending, jobId, false);
        Assert.Equal(jobId, (await _queue.DequeueAsync(Cancellation)).JobId);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(_queue.PositionOf(jobId));

        // The end of an earlier wait does not shorten a later one.
        _pending.Postpone(jobId, TimeSpan.FromSeconds(10));
        _pending.QueueNow(jobId);
        _pending.Postpone(jobId, TimeSpan.FromSeconds(20));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(_queue.PositionOf(jobId));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(1, _queue.PositionOf(jobId));
    }

    [Fact]
    public async Task QueueNow_DequeuedOrUnknownJob_QueuesNothing()
    {
        var jobId = await InsertAsync();
        await _queue.DequeueAsync(Cancellation);

        _pending.QueueNow(jobId);
        _pending.QueueNow(Guid.NewGuid());

        Assert.Equal(0, _queue.Size);
    }

    [Fact]
    public async Task Dispose_ScheduledJob_IsNeverQueued()
    {
        var jobId = await InsertAsync();
        await ReleaseAsync(jobId, TimeSpan.FromSeconds(10));

        _pending.Dispose();

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, _queue.Size);
    }

    private Task<JobRecord?> UpdateAsync(Guid jobId, int priority) => _store.UpdateAsync(
        jobId, job => JobTransitions.Update(job, new JobUpdate(Priority: priority), _time.GetUtcNow()), Cancellation);

    private static void AssertScheduled(PendingJobs pending, Guid jobId, bool expected) => Assert.True(
        pending.IsScheduled(jobId) == expected,
        $"IsScheduled is {!expected} ({pending.CountOf(null).Scheduled} scheduled jobs).");

    private PendingJobs New() => new(
        _store, _queue, Options.Create(new QueueOptions()), Options.Create(new RetryOptions()), _time);

    private async Task<Guid> InsertAsync(DateTimeOffset? queuedAt = null, int priority = JobPriority.Default) =>
        (await _store.InsertAsync(
            TestJobs.Pending(createdAt: queuedAt) with { Priority = priority }, Cancellation)).Job.JobId;

    private async Task ReleaseAsync(Guid jobId, TimeSpan delay)
    {
        var token = Guid.NewGuid();
        await _queue.DequeueAsync(Cancellation);
        await _store.UpdateAsync(
            jobId, job => JobTransitions.Claim(job, token, _time.GetUtcNow(), LeaseDuration), Cancellation);
        await _store.UpdateAsync(
            jobId, job => JobTransitions.Release(job, token, Lost, delay, _time.GetUtcNow()), Cancellation);
    }
}
