using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Jobs;

/// <summary>The tracker of a store that other nodes share.</summary>
public sealed class JobTrackerTests
{
    private readonly InMemoryJobStore _store;
    private readonly JobTracker _tracker;

    public JobTrackerTests()
    {
        _store = new InMemoryJobStore(new FakeTimeProvider(TestJobs.Noon), isShared: true);
        _tracker = new JobTracker(_store);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Progress_OfASharedStore_IsSeenWhenItIsStored()
    {
        var job = await AddClaimedAsync();
        _tracker.UpdateProgress(job.JobId, (running, _) => running with { FramesDone = 5 });

        Assert.Equal(0, (await _tracker.FindAsync(job.JobId, Cancellation))!.FramesDone);
        Assert.Equal(0, _tracker.Latest(job).FramesDone);
        Assert.Equal(5, _tracker.WithOwnProgress(job).FramesDone);
        var seen = -1;
        await _tracker.ChangeAsync(
            job.JobId,
            (stored, _) =>
            {
                seen = stored.FramesDone;
                return stored;
            },
            Cancellation);
        Assert.Equal(0, seen);

        await _tracker.ChangeOwnAsync(job.JobId, (stored, now) => stored with { UpdatedAt = now }, Cancellation);

        Assert.Equal(5, (await _tracker.FindAsync(job.JobId, Cancellation))!.FramesDone);
    }

    [Fact]
    public async Task Changed_OfAJob_WakesItsWaitersAlone()
    {
        var (changed, other) = (await AddAsync(), await AddAsync());
        var (first, second) = (_tracker.NextChange(changed.JobId), _tracker.NextChange(other.JobId));

        _store.RaiseChanged(changed.JobId);

        Assert.Equal((true, false), (first.IsCompleted, second.IsCompleted));
    }

    [Fact]
    public async Task Changed_OfAnyJob_WakesAllWaiters()
    {
        var waits = new[] { await AddAsync(), await AddAsync() }.Select(job => _tracker.NextChange(job.JobId)).ToList();

        _store.RaiseChanged(null);

        Assert.All(waits, wait => Assert.True(wait.IsCompleted, "A waiter was not woken."));
    }

    [Fact]
    public async Task Running_OfASharedStore_HasOnlyTheJobsClaimedHere()
    {
        var (here, elsewhere) = (await AddClaimedAsync(), await AddAsync());
        _store.ChangeElsewhere(elsewhere.JobId, Claim);

        await _tracker.ChangeAsync(elsewhere.JobId, job => job with { DisplayName = "lobby" }, Cancellation);

        Assert.Equal([here.JobId], _tracker.Running.Select(job => job.JobId));
    }

    [Fact]
    public async Task Commit_OfTheAttemptThatRunsHere_KeepsItsProgress()
    {
        var job = await AddClaimedAsync();
        _tracker.UpdateProgress(job.JobId, (running, _) => running with { FramesDone = 5 });

        await _tracker.ChangeAsync(job.JobId, stored => stored with { DisplayName = "lobby" }, Cancellation);

        var running = _tracker.Running.Single();
        Assert.Equal(("lobby", 5), (running.DisplayName, running.FramesDone));
    }

    [Fact]
    public async Task ForgetLost_OfAnAttemptThatLostItsJob_ForgetsItsProgressAlone()
    {
        var job = await AddClaimedAsync();
        _tracker.UpdateProgress(job.JobId, (running, _) => running with { FramesDone = 5 });
        _tracker.ForgetLost(job.JobId, Guid.NewGuid());
        Assert.Single(_tracker.Running);

        _tracker.ForgetLost(job.JobId, job.Lease!.Token);

        Assert.Empty(_tracker.Running);
        Assert.Equal(0, _tracker.WithOwnProgress(job).FramesDone);
    }

    [Fact]
    public async Task UpdateProgress_OfASharedStore_WakesNobody()
    {
        var job = await AddClaimedAsync();
        var change = _tracker.NextChange(job.JobId);

        _tracker.UpdateProgress(job.JobId, (running, _) => running with { FramesDone = 5 });

        Assert.False(change.IsCompleted, "A caller was woken although it cannot see the progress.");
        Assert.Same(job, _tracker.WithProgress(job));
    }

    private static JobRecord Claim(JobRecord job) =>
        JobTransitions.Claim(job, Guid.NewGuid(), TestJobs.Noon, TimeSpan.FromSeconds(15));

    private async Task<JobRecord> AddAsync() => (await _store.InsertAsync(TestJobs.Pending(), Cancellation)).Job;

    private async Task<JobRecord> AddClaimedAsync() =>
        (await _store.UpdateAsync((await AddAsync()).JobId, Claim, Cancellation))!;
}
