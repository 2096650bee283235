using CsCheck;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>The queue with the jobs of several tenants.</summary>
public sealed class FairQueueTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Whatever is queued and taken, the jobs of one tenant leave in order of their ranks.</summary>
    [Fact]
    public void Dequeue_AnyJobsOfSeveralTenants_KeepsTheOrderWithinEach() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 1000]).Array[1, 60].Sample(jobs =>
        {
            var queue = TestQueues.New();
            var expected = new Dictionary<string, SortedSet<(DateTimeOffset Rank, Guid JobId)>>();
            for (var number = 0; number < jobs.Length; number++)
            {
                var (tenant, jobId) = ($"t{jobs[number].Item1}", new Guid(number, 0, 0, new byte[8]));
                var rank = Start.AddSeconds(jobs[number].Item2);
                Assert.True(queue.Enqueue(jobId, tenant, rank), "A new id is taken for a known one.");
                _ = expected.TryAdd(tenant, []);
                expected[tenant].Add((rank, jobId));
            }

            while (queue.Size > 0)
            {
                Assert.All(expected.Values, ids => Assert.Equal(
                    Enumerable.Range(1, ids.Count), ids.Select(entry => queue.PositionOf(entry.JobId) ?? 0)));
                var taken = queue.DequeueAsync(Cancellation).AsTask();
                Assert.True(taken.IsCompletedSuccessfully, "DequeueAsync waits although an id is queued.");
                var jobId = taken.GetAwaiter().GetResult().JobId;
                var ids = Assert.Single(expected.Values, ids => ids.Count > 0 && ids.Min.JobId == jobId);
                ids.Remove(ids.Min);
            }
        });

    [Fact]
    public async Task Dequeue_TwoTenantsAndOnePlace_AlternatesWhateverTheirRanks()
    {
        var queue = TestQueues.New(places: 1);
        var owners = new Dictionary<Guid, string>();
        for (var number = 0; number < 100; number++)
        {
            Add(number < 90 ? "many" : "few", Start.AddSeconds(number));
        }

        var order = new List<string>();
        for (var number = 0; number < 20; number++)
        {
            using var place = await queue.DequeueAsync(Cancellation);
            order.Add(owners[place.JobId]);
        }

        Assert.Equal(Enumerable.Range(0, 20).Select(number => number % 2 == 0 ? "many" : "few"), order);

        void Add(string tenant, DateTimeOffset rank)
        {
            var jobId = Guid.NewGuid();
            owners[jobId] = tenant;
            queue.Enqueue(jobId, tenant, rank);
        }
    }

    [Fact]
    public async Task Dequeue_AllPlacesWithLongJobsOfOneTenant_TakesTheJobOfAnother()
    {
        var queue = TestQueues.New(places: 2, reserved: 1);
        for (var number = 0; number < 5; number++)
        {
            queue.Enqueue(Guid.NewGuid(), "long", Start);
        }

        using var first = await queue.DequeueAsync(Cancellation);
        using var second = await queue.DequeueAsync(Cancellation);
        var third = queue.DequeueAsync(Cancellation).AsTask();
        Assert.False(third.IsCompleted, "A third place was taken by the tenant that has two.");

        var other = Guid.NewGuid();
        queue.Enqueue(other, "other", Start.AddDays(1));

        Assert.Equal(other, (await third).JobId);
    }

    [Fact]
    public async Task Dequeue_PlaceFreedWhileTakersWait_GoesToTheTenantWithTheFewest()
    {
        var queue = TestQueues.New(places: 2);
        queue.Enqueue(Guid.NewGuid(), "a", Start);
        queue.Enqueue(Guid.NewGuid(), "a", Start);
        queue.Enqueue(Guid.NewGuid(), "a", Start);
        var place = await queue.DequeueAsync(Cancellation);
        await queue.DequeueAsync(Cancellation);
        var next = queue.DequeueAsync(Cancellation).AsTask();
        var other = Guid.NewGuid();
        queue.Enqueue(other, "b", Start.AddDays(1));

        place.Dispose();

        Assert.Equal(other, (await next).JobId);
    }

    [Fact]
    public async Task Dequeue_TenantWithALimitOfItsOwn_LeavesFreePlacesToOthers()
    {
        var queue = TestQueues.New(places: 4, tenants: new TenantOptions
        {
            PerTenant = { ["small"] = new TenantOptions { MaxRunningJobs = 1 } },
        });
        queue.Enqueue(Guid.NewGuid(), "small", Start);
        queue.Enqueue(Guid.NewGuid(), "small", Start);
        await queue.DequeueAsync(Cancellation);
        var next = queue.DequeueAsync(Cancellation).AsTask();
        Assert.False(next.IsCompleted, "The tenant exceeds Tenants:MaxRunningJobs.");
        var other = Guid.NewGuid();
        queue.Enqueue(other, "other", Start.AddDays(1));

        Assert.Equal(other, (await next).JobId);
    }

    /// <summary>The database has the tenants, so that a restart keeps the order fair.</summary>
    [Fact]
    public async Task Restore_JobsOfTwoTenants_AreTakenInTurn()
    {
        var store = new InMemoryJobStore();
        var queue = TestQueues.New(places: 1);
        using var pending = new PendingJobs(
            store, queue, Options.Create(new QueueOptions()), Options.Create(new RetryOptions()),
            new FakeTimeProvider(TestJobs.Noon));
        var jobs = Enumerable.Range(0, 12).ToDictionary(
            _ => Guid.NewGuid(), number => number < 9 ? "many" : "few");
        foreach (var (jobId, tenant) in jobs)
        {
            pending.Restore(TestJobs.Pending(jobId) with { Tenant = tenant });
        }

        var order = new List<string>();
        for (var number = 0; number < 6; number++)
        {
            using var place = await queue.DequeueAsync(Cancellation);
            order.Add(jobs[place.JobId]);
        }

        Assert.Equal(["many", "few", "many", "few", "many", "few"], order);
    }
}
