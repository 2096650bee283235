using System.Collections.Concurrent;
using ForegSyte.Testing;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>The clock of the store, expired leases, and changes of other nodes.</summary>
public abstract partial class JobStoreContract
{
    [Fact]
    public async Task Update_Transition_GetsTheTimeOfTheStore()
    {
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);
        var before = Store.Now;
        var given = default(DateTimeOffset);

        await Store.UpdateAsync(
            job.JobId,
            (stored, now) =>
            {
                given = now;
                return stored with { UpdatedAt = now };
            },
            Cancellation);

        // Between two changes, the time of a shared store is an estimate.
        var tolerance = Store.IsShared ? TimeSpan.FromSeconds(1) : TimeSpan.Zero;
        Assert.InRange(given, before - tolerance, Store.Now + tolerance);
    }

    [Fact]
    public async Task ListExpired_JobsInEveryStatus_HasTheRunningOnesWithAnExpiredLease()
    {
        var now = Store.Now;
        var expired = new[] { await AddClaimedAsync(now.AddHours(-1)), await AddClaimedAsync(now.AddHours(-2)) };
        var held = await AddClaimedAsync(now.AddHours(1));
        await Store.InsertAsync(TestJobs.Pending(), Cancellation);
        var ended = await AddClaimedAsync(now.AddHours(-1));
        await Store.UpdateAsync(ended, job => JobTransitions.Cancel(job, now), Cancellation);

        Assert.Equal(expired.Order(), (await Store.ListExpiredAsync(10, Cancellation)).Order());
        Assert.Single(await Store.ListExpiredAsync(1, Cancellation));

        await Store.UpdateAsync(held, job => job with { Lease = job.Lease! with { ExpiresAt = now } }, Cancellation);
        await Store.UpdateAsync(
            expired[0], job => job with { Lease = job.Lease! with { ExpiresAt = now.AddHours(1) } }, Cancellation);
        Assert.Equal(
            new[] { held, expired[1] }.Order(), (await Store.ListExpiredAsync(10, Cancellation)).Order());
    }

    [Fact]
    public async Task Changed_OwnChanges_AreNotTold()
    {
        var told = new ConcurrentQueue<JobChanges>();
        await ListenAsync();
        Store.Changed += told.Enqueue;

        var jobId = await AddClaimedAsync(Store.Now);
        await Store.UpdateAsync(jobId, (job, now) => JobTransitions.Cancel(job, now), Cancellation);
        await Store.DeleteAsync(jobId, JobTransitions.RequireDeletable, Cancellation);

        Assert.Empty(await Store.UsageElsewhereAsync(Cancellation));
        var elsewhere = await ChangeElsewhereAsync();
        await Wait.UntilAsync(
            () => elsewhere.IsSubsetOf(told.SelectMany(changes => changes.JobIds ?? new HashSet<Guid>())),
            "the change of the other node is told");
        Assert.DoesNotContain(told, changes => changes.JobIds?.Contains(jobId) ?? true);
    }

    /// <summary>Starts to tell changes of other nodes.</summary>
    private protected virtual Task ListenAsync() => Task.CompletedTask;

    /// <summary>Changes jobs on another node; returns their ids, none if no other node shares the store.</summary>
    private protected virtual Task<IReadOnlySet<Guid>> ChangeElsewhereAsync() =>
        Task.FromResult<IReadOnlySet<Guid>>(new HashSet<Guid>());

    /// <summary>Adds a running job whose lease was granted at a time.</summary>
    private async Task<Guid> AddClaimedAsync(DateTimeOffset claimedAt)
    {
        var job = TestJobs.Pending(createdAt: claimedAt);
        await Store.InsertAsync(job, Cancellation);
        await Store.UpdateAsync(
            job.JobId,
            stored => JobTransitions.Claim(stored, Guid.NewGuid(), claimedAt, TimeSpan.FromMinutes(1)),
            Cancellation);
        return job.JobId;
    }
}
