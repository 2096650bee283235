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
    private readonly InMemoryJobStore _store = new();
    private readonly InMemoryQueue _queue = new();
    private readonly PendingJobs _pending;

    public PendingJobsTests() => _pending = New();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _pending.Dispose();

    [Fact]
    public async Task Commits_OfAJob_QueueItAndTakeItOut()
    {
        var jobId = await InsertAsync();
        Assert.Equal((1, 1), (_queue.PositionOf(jobId), _pending.Count));

        await _store.UpdateAsync(jobId, job => JobTransitions.Cancel(job, _time.GetUtcNow()), Cancellation);
        Assert.Equal((null, 0), (_queue.PositionOf(jobId), _pending.Count));

        await _store.UpdateAsync(jobId, job => JobTransitions.Retry(job, _time.GetUtcNow()), Cancellation);
        Assert.Equal((1, 1), (_queue.PositionOf(jobId), _pending.Count));
    }

    [Fact]
    public async Task Release_WithADelay_QueuesTheJobWhenItIsOver()
    {
        var jobId = await InsertAsync();
        await ReleaseAsync(jobId, TimeSpan.FromSeconds(10));
        Assert.True(_pending.IsScheduled(jobId));
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Null(_queue.PositionOf(jobId));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(1, _queue.PositionOf(jobId));
        Assert.False(_pending.IsScheduled(jobId));
    }

    [Fact]
    public async Task Cancel_DuringTheBackOff_NeverQueuesTheJob()
    {
        var jobId = await InsertAsync();
        await ReleaseAsync(jobId, TimeSpan.FromSeconds(10));
        await _store.UpdateAsync(jobId, job => JobTransitions.Cancel(job, _time.GetUtcNow()), Cancellation);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((0, 0), (_queue.Size, _pending.Count));
    }

    [Fact]
    public async Task Restore_AfterARestart_WaitsForTheRestOfTheDelay()
    {
        var jobId = await InsertAsync();
        await ReleaseAsync(jobId, TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(4));
        using var restarted = New();
        _queue.Remove(jobId);
        restarted.Restore((await _store.FindAsync(jobId, Cancellation))!);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(restarted.IsScheduled(jobId));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(restarted.IsScheduled(jobId));
        Assert.Equal(1, _queue.PositionOf(jobId));
    }

    [Fact]
    public void Restore_AfterTheClockWasSetBack_WaitsNoLongerThanTheLongestBackOff()
    {
        var job = TestJobs.Pending() with { NextAttemptAt = TestJobs.Noon.AddYears(1) };
        _pending.Restore(job);
        _time.Advance(new RetryOptions().MaxDelay);
        Assert.Equal(1, _queue.PositionOf(job.JobId));
    }

    [Fact]
    public async Task Return_OfAnIdThatWasTaken_QueuesItUnlessItWasChanged()
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
    public async Task TryReserve_FromManyThreads_GivesAsManyPlacesAsThereAre()
    {
        const int Limit = 50;
        await InsertAsync();
        var places = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), Cancellation, async (_, cancellationToken) =>
        {
            var job = TestJobs.Pending();
            if (_pending.TryReserve(job.JobId, Limit))
            {
                Interlocked.Increment(ref places);
                await _store.InsertAsync(job, cancellationToken);
                _pending.GiveBack(job.JobId);
            }
        });
        Assert.Equal(Limit - 1, places);
        Assert.Equal((Limit, Limit), (_pending.Count, _queue.Size));
    }

    [Fact]
    public async Task GiveBack_OfAPlaceThatWasNotUsed_FreesIt()
    {
        var (first, second) = (Guid.NewGuid(), Guid.NewGuid());
        Assert.True(_pending.TryReserve(first, 1));
        Assert.True(_pending.TryReserve(first, 1));
        Assert.False(_pending.TryReserve(second, 1));
        _pending.GiveBack(first);
        Assert.False(_pending.TryReserve(second, 1));
        _pending.GiveBack(first);
        Assert.True(_pending.TryReserve(second, 1));
        Assert.False(_pending.IsReserved(first));
        await _store.InsertAsync(TestJobs.Pending(second), Cancellation);
        Assert.False(_pending.IsReserved(second));
        Assert.False(_pending.TryReserve(first, 1));
    }

    private PendingJobs New() => new(
        _store, _queue, Options.Create(new QueueOptions()), Options.Create(new RetryOptions()), _time);

    private async Task<Guid> InsertAsync() =>
        (await _store.InsertAsync(TestJobs.Pending(), Cancellation)).Job.JobId;

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
