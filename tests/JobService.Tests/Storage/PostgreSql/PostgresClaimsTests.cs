using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage.PostgreSql;

public sealed class PostgresClaimsTests(SharedServers servers) : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> _opened = [];
    private string _database = "";

    private static JobFailure Unreadable { get; } = new(ErrorReason.SourceNotAllowed, "Outside the allowed folders.");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _database = await PostgresNode.CreateDatabaseAsync(await servers.PostgresOrSkipAsync());

    public async ValueTask DisposeAsync()
    {
        foreach (var item in Enumerable.Reverse(_opened))
        {
            await item.DisposeAsync();
        }
    }

    [Fact]
    public async Task Next_OneNode_ClaimsByRank()
    {
        var (node, claims) = await OpenAsync();
        var jobs = new[] { (3, 0), (0, 9), (1, 4), (2, 4) }.Select(job =>
            TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(job.Item1)) with { Priority = job.Item2 }).ToList();
        await InsertAsync(node, jobs);

        var claimed = new List<Guid>();
        foreach (var job in jobs)
        {
            using var turn = await claims.NextAsync(Cancellation);
            Assert.Equal(JobStatus.Pending, turn.Waiting.Status);
            Assert.Equal(turn.Token, turn.Claimed.Lease!.Token);
            claimed.Add(turn.JobId);
        }

        Assert.Equal([jobs[1].JobId, jobs[2].JobId, jobs[3].JobId, jobs[0].JobId], claimed);
        foreach (var jobId in claimed)
        {
            Assert.Equal(JobStatus.Running, (await node.Store.FindAsync(jobId, Cancellation))!.Status);
        }
    }

    [Fact]
    public async Task Next_FourNodesAtOnce_ClaimEachJobOnce()
    {
        var nodes = new List<(PostgresNode Node, PostgresClaims Claims)>();
        for (var i = 0; i < 4; i++)
        {
            nodes.Add(await OpenAsync(places: 8));
        }

        var jobs = Enumerable.Range(0, 200).Select(i => TestJobs.Pending() with { Tenant = $"t{i % 3}" }).ToList();
        await InsertAsync(nodes[0].Node, jobs);
        var left = jobs.Count;

        var claimed = await Task.WhenAll(nodes.SelectMany(node => Enumerable.Range(0, 8).Select(async _ =>
        {
            var mine = new List<Guid>();
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using var turn = await node.Claims.NextAsync(Cancellation);
                mine.Add(turn.JobId);
            }

            return mine;
        })));

        Assert.Equal(jobs.Select(job => job.JobId).Order(), claimed.SelectMany(mine => mine).Order());
        Assert.Equal(
            [(200L, 200L)],
            await nodes[0].Node.QueryAsync(
                "SELECT count(*), count(DISTINCT lease_token) FROM jobs WHERE status = 'RUNNING'",
                reader => (reader.GetInt64(0), reader.GetInt64(1))));
    }

    [Fact]
    public async Task Next_TenantsWithManyAndFewJobs_TakeTurns()
    {
        var (node, claims) = await OpenAsync(places: 100);
        await InsertAsync(node, Enumerable.Range(0, 20).Select(i =>
            TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(i)) with { Tenant = "many" }));
        await InsertAsync(node, Enumerable.Range(0, 3).Select(i =>
            TestJobs.Pending(createdAt: TestJobs.Noon.AddMinutes(i + 5)) with { Tenant = "few" }));

        var tenants = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            tenants.Add((await claims.NextAsync(Cancellation)).Claimed.Tenant);
        }

        Assert.Equal(3, tenants.Count(tenant => tenant == "few"));
    }

    [Fact]
    public async Task Next_JobOfAnotherNodeArrives_WakesTheTakerBeforeThePoll()
    {
        var (node, claims) = await OpenAsync(pollInterval: TimeSpan.FromMinutes(1));
        await using var other = new PostgresNode(_database);
        var next = claims.NextAsync(Cancellation);
        await node.ListenAsync();

        var start = TimeProvider.System.GetTimestamp();
        var job = TestJobs.Pending();
        await other.Store.InsertAsync(job, Cancellation);
        using var turn = await next.WaitAsync(Wait.Timeout, TimeProvider.System, Cancellation);

        Assert.Equal(job.JobId, turn.JobId);
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(50));
    }

    [Fact]
    public async Task Next_Cancelled_ClaimsNothing()
    {
        var (node, claims) = await OpenAsync();
        using var cancel = new CancellationTokenSource();
        var next = claims.NextAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        var job = TestJobs.Pending();
        await node.Store.InsertAsync(job, Cancellation);

        using var turn = await claims.NextAsync(Cancellation);

        Assert.Equal(job.JobId, turn.JobId);
    }

    [Fact]
    public async Task Next_JobInBackOff_IsClaimedWhenItIsDue()
    {
        var (node, claims) = await OpenAsync();
        var job = TestJobs.Pending() with { NextAttemptAt = node.Store.Now.AddHours(1) };
        await node.Store.InsertAsync(job, Cancellation);
        var counts = await claims.CountAsync(null, Cancellation);
        Assert.Equal((1, 1, null), (counts.Pending, counts.Scheduled, counts.OldestQueuedAt));
        Assert.Equal([new QueueStanding(true, 1)], await claims.StandingsOfAsync([job], Cancellation));
        var next = claims.NextAsync(Cancellation);
        var later = TestJobs.Pending(createdAt: job.QueuedAt.AddDays(1));
        await node.Store.InsertAsync(later, Cancellation);
        using var other = await next.WaitAsync(Wait.Timeout, TimeProvider.System, Cancellation);
        Assert.Equal(later.JobId, other.JobId);

        await node.ExecuteAsync("UPDATE jobs SET next_attempt_at = clock_timestamp() WHERE status = 'PENDING'");
        using var turn = await claims.NextAsync(Cancellation)
            .WaitAsync(Wait.Timeout, TimeProvider.System, Cancellation);

        Assert.Equal(job.JobId, turn.JobId);
    }

    [Fact]
    public async Task Next_VideosCannotBeRead_ProbesOneJobOfATenantInAPassAndClaimsNoneUnprobed()
    {
        var node = new PostgresNode(_database);
        _opened.Add(node);
        var (storage, unblocked) = (new InMemoryStorage(), new TaskCompletionSource());
        var inference = new ScriptedInference();
        inference.OnProbe = async () =>
        {
            if (inference.Probes > 1)
            {
                await unblocked.Task;
            }

            throw new InferenceFailedException(Unreadable);
        };
        var access = new StorageAccess(
            inference, storage, new JobTracker(node.Store), node.Store, Options.Create(new InferenceOptions()),
            NullLogger<StorageAccess>.Instance);
        var claims = node.Claims(inference: inference, storageAccess: access);
        _opened.Add(claims);

        // Without a video, a job is not probed: its attempt fails.
        var jobs = Enumerable.Range(0, 4).Select(i => TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(i)) with
        {
            Tenant = i < 2 ? "a" : "b",
            InputPath = i == 2 ? "missing" : $"video{i}",
        }).ToList();
        foreach (var job in jobs.Where(job => job.InputPath != "missing"))
        {
            await using var video = await storage.StageAsync(job.InputPath, Cancellation);
            await video.CommitAsync(Cancellation);
        }

        await InsertAsync(node, jobs);
        access.ReportUnreadable(jobs[0], Unreadable);
        using var stop = new CancellationTokenSource();
        var takers = new[] { claims.NextAsync(stop.Token), claims.NextAsync(stop.Token) };
        await claims.StartAsync(Cancellation);

        using var turn = await (await Task.WhenAny(takers).WaitAsync(Wait.Timeout, TimeProvider.System, Cancellation));
        unblocked.SetResult();
        await Wait.UntilAsync(() => inference.Probes >= 3, "the other jobs are probed");
        await stop.CancelAsync();

        Assert.Equal(jobs[2].JobId, turn.JobId);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(takers));
        Assert.Equal(
            [3L], await node.QueryAsync("SELECT count(*) FROM jobs WHERE status = 'PENDING'", row => row.GetInt64(0)));
    }

    [Fact]
    public async Task Standings_PendingJobs_ArePositionsWithinTheTenant()
    {
        var (node, claims) = await OpenAsync();
        var mine = Enumerable.Range(0, 3).Select(i =>
            TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(i)) with { Tenant = "a" }).ToList();
        await InsertAsync(node, mine);
        await InsertAsync(node, [TestJobs.Pending(createdAt: TestJobs.Noon.AddDays(-1)) with { Tenant = "b" }]);
        await node.Store.UpdateAsync(mine[2].JobId, job => job with { Priority = 9 }, Cancellation);

        var standings = await claims.StandingsOfAsync(mine, Cancellation);
        var ofTenant = await claims.CountAsync("a", Cancellation);
        var ofAll = await claims.CountAsync(null, Cancellation);

        Assert.Equal([2, 3, 1], standings.Select(standing => standing.Position));
        Assert.Equal((3, 0, mine[0].QueuedAt), (ofTenant.Pending, ofTenant.Scheduled, ofTenant.OldestQueuedAt));
        Assert.Equal((4, TestJobs.Noon.AddDays(-1)), (ofAll.Pending, ofAll.OldestQueuedAt));
    }

    [Fact]
    public async Task Standings_ConcurrentCalls_EachHaveTheirOwnUpToTheLimit()
    {
        var (node, claims) = await OpenAsync();
        var jobs = Enumerable.Range(0, ClaimSql.MaxPosition + 2).Select(i =>
            TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(i))).ToList();
        await InsertAsync(node, jobs);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        var lost = claims.StandingsOfAsync([jobs[0]], cancelled.Token).AsTask();
        var asked = jobs.Where((_, i) => i % 50 == 0 || i > ClaimSql.MaxPosition - 2).ToList();
        var standings = asked.Select(job => claims.StandingsOfAsync([job], Cancellation).AsTask()).ToList();

        var found = (await Task.WhenAll(standings)).Select(standing => standing.Single().Position);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => lost);
        Assert.Equal(
            asked.Select(job => Math.Min(jobs.IndexOf(job) + 1, ClaimSql.MaxPosition + 1)), found);
    }

    private async Task<(PostgresNode Node, PostgresClaims Claims)> OpenAsync(
        int places = 100, TimeSpan? pollInterval = null)
    {
        var node = new PostgresNode(
            _database, options => options.PollInterval = pollInterval ?? TimeSpan.FromMilliseconds(200));
        _opened.Add(node);
        var claims = node.Claims(places);
        _opened.Add(claims);
        await claims.StartAsync(Cancellation);
        return (node, claims);
    }

    private static async Task InsertAsync(PostgresNode node, IEnumerable<JobRecord> jobs) =>
        await Task.WhenAll(jobs.Select(job => node.Store.InsertAsync(job, Cancellation)));
}
