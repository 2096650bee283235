using System.Collections.Concurrent;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace ForegSyte.Jobs.Tests.Storage.PostgreSql;

/// <summary>Commits of several nodes on one database.</summary>
public sealed class PostgresWriterTests(SharedServers servers)
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Complete_AfterAnotherNodeClaimedTheJob_IsRefused()
    {
        await using var first = await OpenAsync();
        await using var second = new PostgresNode(first.Options.Value.ConnectionString);
        var (job, token) = (TestJobs.Pending(), Guid.NewGuid());
        await first.Store.InsertAsync(job, Cancellation);
        await first.Store.UpdateAsync(
            job.JobId, (stored, now) => JobTransitions.Claim(stored, token, now - (2 * Lease), Lease), Cancellation);
        Assert.Equal([job.JobId], await second.Store.ListExpiredAsync(10, Cancellation));
        await second.Store.UpdateAsync(
            job.JobId,
            (stored, now) => JobTransitions.Claim(
                JobTransitions.Rescue(stored, new JobFailure(ErrorReason.LeaseLost, "lost"), now),
                Guid.NewGuid(), now, Lease),
            Cancellation);

        var refused = await Assert.ThrowsAsync<TransitionRefusedException>(() => first.Store.UpdateAsync(
            job.JobId,
            (stored, now) => JobTransitions.Fail(stored, token, new JobFailure(ErrorReason.StageFailed, "late"), now),
            Cancellation));

        Assert.Equal(TransitionRefusal.StaleLease, refused.Refusal);
        Assert.Equal(JobStatus.Running, (await second.Store.FindAsync(job.JobId, Cancellation))!.Status);
    }

    [Fact]
    public async Task Leases_OnANodeWhoseClockIsAMinuteOff_FollowTheDatabase()
    {
        await using var right = await OpenAsync();
        foreach (var offset in (TimeSpan[])[TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(1)])
        {
            await using var wrong = new PostgresNode(
                right.Options.Value.ConnectionString, time: new ShiftedClock(offset));
            var (job, token) = (TestJobs.Pending(), Guid.NewGuid());
            await wrong.Store.InsertAsync(job, Cancellation);

            var claimed = await wrong.Store.UpdateAsync(
                job.JobId,
                (stored, now) => JobTransitions.Claim(stored, token, now, TimeSpan.FromSeconds(30)), Cancellation);

            var database = (await right.QueryAsync(
                "SELECT clock_timestamp()", reader => reader.GetFieldValue<DateTimeOffset>(0))).Single();
            Assert.InRange(
                claimed!.Lease!.ExpiresAt, database - TimeSpan.FromSeconds(30), database + TimeSpan.FromSeconds(30));
            Assert.InRange(
                wrong.Store.Now, database - TimeSpan.FromSeconds(20), database + TimeSpan.FromSeconds(20));
            Assert.Empty(await right.Store.ListExpiredAsync(10, Cancellation));
            await wrong.Store.UpdateAsync(
                job.JobId, (stored, now) => JobTransitions.Renew(stored, token, now, Lease), Cancellation);
        }
    }

    [Fact]
    public async Task Insert_OneRequestIdByFourNodesAtOnce_OneIsCreated()
    {
        await using var first = await OpenAsync();
        var nodes = Enumerable.Range(0, 4).Select(_ => new PostgresNode(first.Options.Value.ConnectionString)).ToList();
        var requestIds = Enumerable.Range(0, 20).Select(_ => Guid.NewGuid()).ToList();

        var results = await Task.WhenAll(nodes.SelectMany(node => requestIds.Select(requestId =>
            node.Store.InsertAsync(TestJobs.Pending(requestId: requestId), Cancellation))));

        Assert.Equal(20, results.Count(result => result.Created));
        Assert.Equal(20, results.Select(result => result.Job.JobId).Distinct().Count());
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Update_OneJobByFourNodesAtOnce_NoneIsLost()
    {
        await using var first = await OpenAsync();
        var nodes = Enumerable.Range(0, 4).Select(_ => new PostgresNode(first.Options.Value.ConnectionString)).ToList();
        var jobs = Enumerable.Range(0, 5).Select(_ => TestJobs.Pending()).ToList();
        await Task.WhenAll(jobs.Select(job => first.Store.InsertAsync(job, Cancellation)));

        await Task.WhenAll(nodes.SelectMany(node => Enumerable.Range(0, 100).Select(i => node.Store.UpdateAsync(
            jobs[i % 5].JobId, stored => stored with { FramesDone = stored.FramesDone + 1 }, Cancellation))));

        foreach (var job in jobs)
        {
            Assert.Equal(80, (await first.Store.FindAsync(job.JobId, Cancellation))!.FramesDone);
        }

        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Changed_AfterAChangeOfAnotherNode_NamesTheJob()
    {
        await using var first = await OpenAsync();
        await using var second = new PostgresNode(first.Options.Value.ConnectionString);
        var job = TestJobs.Pending();
        await first.Store.InsertAsync(job, Cancellation);
        var told = new ConcurrentQueue<JobChanges>();
        second.Store.Changed += told.Enqueue;
        var own = new ConcurrentQueue<JobChanges>();
        first.Store.Changed += own.Enqueue;
        await first.ListenAsync();
        await second.ListenAsync();
        Assert.Null(Assert.Single(told).JobIds);

        var start = TimeProvider.System.GetTimestamp();
        await first.Store.UpdateAsync(job.JobId, stored => stored with { FramesDone = 1 }, Cancellation);
        await Wait.UntilAsync(
            () => told.Any(changes => changes.JobIds?.SetEquals([job.JobId]) == true), "the other node is told");
        TestContext.Current.SendDiagnosticMessage(
            "told within {0} of the call", TimeProvider.System.GetElapsedTime(start));

        await second.Store.UpdateAsync(job.JobId, stored => stored with { FramesDone = 2 }, Cancellation);
        await Wait.UntilAsync(() => own.Count > 1, "the first node is told");
        Assert.Equal([null, job.JobId], own.Select(changes => changes.JobIds?.Single()));

        await first.Store.UpdateAsync(job.JobId, stored => stored with { FramesDone = 3 }, Cancellation);
        await Wait.UntilAsync(() => told.Count > 2, "the other node is told again");
        Assert.Equal([null, job.JobId, job.JobId], told.Select(changes => changes.JobIds?.Single()));
    }

    [Fact]
    public async Task Changed_AfterTheSessionWasLost_MayBeAnyJob()
    {
        await using var node = await OpenAsync();
        var told = 0;
        node.Store.Changed += changes => Interlocked.Add(ref told, changes.JobIds is null ? 1 : 0);
        await node.ListenAsync();
        await Wait.UntilAsync(() => node.Listener.IsLeader, "the node leads");

        await node.ExecuteAsync(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            + "AND pid <> pg_backend_pid()");

        await Wait.UntilAsync(() => Volatile.Read(ref told) == 2, "the session is open again");
        await Wait.UntilAsync(() => node.Listener.IsLeader, "the node leads again");
    }

    [Fact]
    public async Task Leader_OfTwoNodes_IsOneAndThenTheOther()
    {
        var first = await OpenAsync();
        await using var second = new PostgresNode(first.Options.Value.ConnectionString);
        await first.ListenAsync();
        await Wait.UntilAsync(() => first.Listener.IsLeader, "the first node leads");
        await second.ListenAsync();
        Assert.False(second.Listener.IsLeader, "Two nodes lead.");

        await first.DisposeAsync();

        await Wait.UntilAsync(() => second.Listener.IsLeader, "the second node leads");
    }

    [Fact]
    public async Task Usage_OfWritersThatEnded_IsAddedUpAndStaysTheSame()
    {
        await using var reader = await OpenAsync();
        for (var i = 0; i < 3; i++)
        {
            await using var node = new PostgresNode(reader.Options.Value.ConnectionString);
            await node.Store.InsertAsync(TestJobs.Pending() with { Tenant = "a", VideoBytes = 5 }, Cancellation);
        }

        var before = await reader.Store.UsageElsewhereAsync(Cancellation);
        Assert.Equal([new TenantUsage("a", 3, 3, 15, 0)], before);
        await reader.ExecuteAsync("UPDATE writers SET seen_at = seen_at - interval '2 hours'");
        using var upkeep = new WriterUpkeep(
            reader.Database, reader.Committer, reader.Listener, reader.Options, TimeProvider.System,
            NullLogger<WriterUpkeep>.Instance);

        await upkeep.AddUpAsync(Cancellation);
        await upkeep.AddUpAsync(Cancellation);

        Assert.Equal(before, await reader.Store.UsageElsewhereAsync(Cancellation));
        Assert.Equal([1L], await reader.QueryAsync("SELECT count(*) FROM tenant_usage", row => row.GetInt64(0)));
        Assert.Equal([0L], await reader.QueryAsync("SELECT count(*) FROM writers", row => row.GetInt64(0)));
    }

    [Fact]
    public async Task Usage_OfWritersOfALiveNodeThatTheLeaderAddedUp_CountsOnce()
    {
        await using var node = await OpenAsync();
        await using var leader = new PostgresNode(node.Options.Value.ConnectionString);
        var tenants = Microsoft.Extensions.Options.Options.Create(
            new TenantOptions { MaxJobs = 5 });
        var quota = new PendingJobQuota(
            node.Store, Microsoft.Extensions.Options.Options.Create(new SubmitOptions()), tenants);
        var space = new TenantSpace(node.Store, new InMemoryStorage(), tenants);
        using var refresh = new UsageRefresh(
            node.Store, quota, space, TimeProvider.System, NullLogger<UsageRefresh>.Instance);
        using var upkeep = new WriterUpkeep(
            leader.Database, leader.Committer, leader.Listener, leader.Options, TimeProvider.System,
            NullLogger<WriterUpkeep>.Instance);
        await leader.Store.InsertAsync(TestJobs.Pending() with { Tenant = "a", VideoBytes = 10 }, Cancellation);
        await node.Store.InsertAsync(TestJobs.Pending() with { Tenant = "a", VideoBytes = 10 }, Cancellation);

        // Twice: the changes of the second round are those of new writers.
        for (var jobs = 2; jobs <= 4; jobs += 2)
        {
            await refresh.RefreshAsync(Cancellation);
            Assert.Equal(10 * jobs, space.UseOf("a").VideoBytes);
            await node.ExecuteAsync("UPDATE writers SET seen_at = seen_at - interval '2 hours'");
            Assert.NotEqual(0, await upkeep.AddUpAsync(Cancellation));

            await refresh.RefreshAsync(Cancellation);
            Assert.Equal(10 * jobs, space.UseOf("a").VideoBytes);
            await node.Store.InsertAsync(TestJobs.Pending() with { Tenant = "a", VideoBytes = 10 }, Cancellation);
            Assert.Equal(10 * (jobs + 1), space.UseOf("a").VideoBytes);
            quota.RequireSlot(jobs == 2 ? "a" : "b");
            if (jobs == 2)
            {
                await leader.Store.InsertAsync(TestJobs.Pending() with { Tenant = "a", VideoBytes = 10 }, Cancellation);
            }
        }

        Assert.Throws<ServiceException>(() => quota.RequireSlot("a"));
        Assert.Equal(
            [new TenantUsage("a", 2, 2, 20, 0)], await node.Store.UsageElsewhereAsync(Cancellation));
        Assert.Equal(
            [new TenantUsage("a", 3, 3, 30, 0)], await leader.Store.UsageElsewhereAsync(Cancellation));
    }

    [Fact]
    public async Task Update_AfterTheLeaderRemovedTheWriter_IsStillMade()
    {
        await using var node = await OpenAsync();
        var job = TestJobs.Pending();
        await node.Store.InsertAsync(job, Cancellation);
        await node.ExecuteAsync("DELETE FROM writers");

        await node.Store.UpdateAsync(job.JobId, stored => stored with { FramesDone = 3 }, Cancellation);

        Assert.Equal(3, (await node.Store.FindAsync(job.JobId, Cancellation))!.FramesDone);
    }

    [Fact]
    public async Task Writes_WhileTheServerCrashesThreeTimes_AreThereIfAcknowledged()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        var connectionString = await server.CreateDatabaseAsync();
        await PostgresNode.MigrateAsync(connectionString);
        await using var node = new PostgresNode(connectionString);
        var acknowledged = new ConcurrentDictionary<Guid, int>();
        var published = new ConcurrentDictionary<Guid, int>();
        node.Store.Committed += commit => published[commit.JobId] = commit.After!.FramesDone;
        using var stop = new CancellationTokenSource();
        var refusals = 0;

        var callers = Enumerable.Range(0, 16).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                var job = TestJobs.Pending(requestId: Guid.NewGuid());
                try
                {
                    await node.Store.InsertAsync(job, CancellationToken.None);
                    acknowledged[job.JobId] = 0;
                    await node.Store.UpdateAsync(
                        job.JobId, stored => stored with { FramesDone = 1 }, CancellationToken.None);
                    acknowledged[job.JobId] = 1;
                }
                catch (ServiceException refused)
                {
                    Assert.Equal(ErrorReason.StoreUnavailable, refused.Reason);
                    Assert.NotNull(refused.RetryAfter);
                    Interlocked.Increment(ref refusals);
                }
            }
        }).ToList();
        for (var crash = 0; crash < 3; crash++)
        {
            var reached = acknowledged.Count + 100;
            await Wait.UntilAsync(() => acknowledged.Count >= reached, "100 more jobs are acknowledged");
            await server.CrashAsync();
            await server.StartAsync();
        }

        var last = acknowledged.Count + 100;
        await Wait.UntilAsync(() => acknowledged.Count >= last, "writes go on after the last crash");
        await stop.CancelAsync();
        await Task.WhenAll(callers);

        Assert.NotEqual(0, refusals);
        var stored = (await node.QueryAsync(
            "SELECT job_id, frames_done FROM jobs", reader => (Id: reader.GetGuid(0), Frames: reader.GetInt32(1))))
            .ToDictionary(row => row.Id, row => row.Frames);
        Assert.All(acknowledged, change => Assert.InRange(stored[change.Key], change.Value, 1));

        // Changes with an unknown outcome are found out: what is published is what is stored.
        Assert.Equal(
            stored.OrderBy(job => job.Key).ToList(), published.OrderBy(job => job.Key).ToList());
    }

    [Fact]
    public async Task Calls_WhileTheServerIsDown_AreUnavailableUntilItIsBack()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        var connectionString = await server.CreateDatabaseAsync();
        await PostgresNode.MigrateAsync(connectionString);
        await using var node = new PostgresNode(connectionString);
        var job = TestJobs.Pending();
        await node.Store.InsertAsync(job, Cancellation);
        await server.StopAsync();

        var write = await Assert.ThrowsAsync<ServiceException>(() =>
            node.Store.UpdateAsync(job.JobId, stored => stored with { FramesDone = 1 }, Cancellation));
        var read = await Assert.ThrowsAsync<ServiceException>(() =>
            node.Store.FindAsync(job.JobId, Cancellation).AsTask());

        Assert.Equal(ErrorReason.StoreUnavailable, write.Reason);
        Assert.Equal(ErrorReason.StoreUnavailable, read.Reason);
        await server.StartAsync();
        await node.Store.UpdateAsync(job.JobId, stored => stored with { FramesDone = 2 }, Cancellation);
        Assert.Equal(2, (await node.Store.FindAsync(job.JobId, Cancellation))!.FramesDone);
    }

    private async Task<PostgresNode> OpenAsync() =>
        new(await PostgresNode.CreateDatabaseAsync(await servers.PostgresOrSkipAsync()));

    private sealed class ShiftedClock(TimeSpan offset) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + offset;
    }
}
