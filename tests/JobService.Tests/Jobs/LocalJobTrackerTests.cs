using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Jobs;

/// <summary>The tracker of a store that belongs to one process.</summary>
public sealed class LocalJobTrackerTests
{
    private static readonly DeviceList Devices = new([new Device { Description = "GPU" }]);

    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly InMemoryJobStore _store;
    private readonly JobTracker _tracker;

    public LocalJobTrackerTests()
    {
        _store = new InMemoryJobStore(_time);
        _tracker = new JobTracker(_store);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Progress_OfARunningJob_IsSeenAtOnceAndStoredWithTheNextChange()
    {
        var job = await AddClaimedAsync();
        var change = _tracker.NextChange(job.JobId);

        _tracker.UpdateProgress(job.JobId, (running, now) => running with
        {
            FramesDone = 5,
            Warnings = JobWarnings.Empty.With(WarningReason.FramesDamaged, 1),
            DecodeTime = TimeSpan.FromSeconds(2),
            InferenceTime = TimeSpan.FromSeconds(3),
            Devices = Devices,
            ResultBytes = 7,
            UpdatedAt = now,
        });

        Assert.True(change.IsCompleted, "The waiting caller was not woken.");
        Assert.Equal(5, (await _tracker.FindAsync(job.JobId, Cancellation))!.FramesDone);
        Assert.Equal(0, (await _store.FindAsync(job.JobId, Cancellation))!.FramesDone);
        Assert.Equal((5, 5), (_tracker.WithProgress(job).FramesDone, _tracker.Latest(job).FramesDone));

        await _tracker.ChangeAsync(job.JobId, running => running with { DisplayName = "lobby" }, Cancellation);

        var stored = (await _store.FindAsync(job.JobId, Cancellation))!;
        Assert.Equal(("lobby", 5, 7), (stored.DisplayName, stored.FramesDone, stored.ResultBytes));
        Assert.Equal((2, 3), (stored.DecodeTime.TotalSeconds, stored.InferenceTime.TotalSeconds));
        Assert.Equal(Devices, stored.Devices);
        Assert.Equal(1, stored.Warnings.CountOf(WarningReason.FramesDamaged));
    }

    [Fact]
    public async Task ChangeAsync_TransitionThatChangesNothing_DoesNotStoreTheProgress()
    {
        var job = await AddClaimedAsync();
        _tracker.UpdateProgress(job.JobId, (running, _) => running with { FramesDone = 5 });
        var commits = 0;
        _store.Committed += _ => commits++;

        await _tracker.ChangeAsync(job.JobId, running => running, Cancellation);

        Assert.Equal(0, commits);
        Assert.Equal(5, (await _tracker.FindAsync(job.JobId, Cancellation))!.FramesDone);
    }

    [Theory]
    [InlineData(4, 0, 0, 5)]
    [InlineData(5, 0, 0, 5)]
    [InlineData(6, 0, 0, 6)]
    [InlineData(5, 1, 0, 5)]
    [InlineData(5, 0, 1, 5)]
    [InlineData(6, 0, 1, 5)]
    public async Task Latest_StoredAndShownProgress_HasTheHigherOne(
        int shown, int shownLost, int storedLost, int expected)
    {
        var job = await AddClaimedAsync();
        _tracker.UpdateProgress(
            job.JobId,
            (running, _) => running with { FramesDone = shown, Warnings = Lost(shownLost), ResultBytes = 1 });
        var stored = job with { FramesDone = 5, Warnings = Lost(storedLost) };

        var latest = _tracker.Latest(stored);

        Assert.Equal(expected, latest.FramesDone);
        Assert.Equal(shown + shownLost > 5 + storedLost, latest.ResultBytes == 1);

        static JobWarnings Lost(int frames) => JobWarnings.Empty.With(WarningReason.FramesLost, frames);
    }

    [Fact]
    public async Task Latest_RecordOfAnotherAttempt_KeepsItsOwnProgress()
    {
        var job = await AddClaimedAsync();
        _tracker.UpdateProgress(job.JobId, (running, _) => running with { FramesDone = 5 });

        var other = job with { Lease = job.Lease! with { Token = Guid.NewGuid() } };

        Assert.Same(other, _tracker.Latest(other));
    }

    [Fact]
    public async Task Commit_OfANewAttempt_ForgetsTheProgressOfTheOneBefore()
    {
        var job = await AddClaimedAsync();
        _tracker.UpdateProgress(job.JobId, (running, _) => running with { FramesDone = 5 });

        await _store.UpdateAsync(
            job.JobId,
            running => Claim(JobTransitions.Rescue(running, new JobFailure(ErrorReason.LeaseLost, ""), TestJobs.Noon)),
            Cancellation);

        Assert.Equal(0, (await _tracker.FindAsync(job.JobId, Cancellation))!.FramesDone);
    }

    [Fact]
    public async Task Commit_ThatEndsAJob_WakesItsWaitersAndStopsRunning()
    {
        var job = await AddClaimedAsync();
        var change = _tracker.NextChange(job.JobId);
        Assert.Same(change, _tracker.NextChange(job.JobId));
        Assert.Equal([job.JobId], _tracker.Running.Select(running => running.JobId));

        await _tracker.ChangeAsync(
            job.JobId, running => JobTransitions.Cancel(running, TestJobs.Noon), Cancellation);

        Assert.True(change.IsCompleted, "The waiting caller was not woken.");
        Assert.NotSame(change, _tracker.NextChange(job.JobId));
        Assert.Empty(_tracker.Running);
    }

    [Fact]
    public async Task ForgetLost_WithoutOtherNodes_KeepsTheProgress()
    {
        var job = await AddClaimedAsync();
        _tracker.UpdateProgress(job.JobId, (running, _) => running with { FramesDone = 5 });

        _tracker.ForgetLost(job.JobId, job.Lease!.Token);

        Assert.Equal(5, _tracker.Latest(job).FramesDone);
    }

    [Fact]
    public async Task AnyCall_ForAnUnknownJob_ChangesNothing()
    {
        var job = TestJobs.Pending();
        _tracker.UpdateProgress(job.JobId, (_, _) => throw new InvalidOperationException("There is no such job."));

        Assert.Null(await _tracker.FindAsync(job.JobId, Cancellation));
        Assert.Null(await _tracker.ChangeAsync(job.JobId, found => found, Cancellation));
        Assert.Same(job, _tracker.WithProgress(job));
        Assert.Equal((false, TestJobs.Noon), (_tracker.IsShared, _tracker.Now));
    }

    private static JobRecord Claim(JobRecord job) =>
        JobTransitions.Claim(job, Guid.NewGuid(), TestJobs.Noon, TimeSpan.FromSeconds(15));

    private async Task<JobRecord> AddClaimedAsync()
    {
        var (job, _) = await _store.InsertAsync(TestJobs.Pending(), Cancellation);
        return (await _store.UpdateAsync(job.JobId, Claim, Cancellation))!;
    }
}
