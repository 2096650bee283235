using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ForegSyte.Jobs.Tests.Storage.PostgreSql;

/// <summary>Nodes that are suspended or cut off while they hold locks.</summary>
public sealed class PostgresLockTests(SharedServers servers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Update_WhileAnotherSessionHasLockedAJob_FailsThatJobAlone()
    {
        await using var node = await OpenAsync(concurrentCommits: 1);
        var jobs = await InsertAsync(node, 4);
        await using var suspended = await LockAsync(node, jobs[0], jobs[1]);

        // The first takes the only commit, so that the others are in the next one together.
        var results = jobs.ConvertAll(jobId => UpdateAsync(node, jobId));

        await results[2].WaitAsync(Wait.Timeout, TimeProvider.System, Cancellation);
        await results[3].WaitAsync(Wait.Timeout, TimeProvider.System, Cancellation);
        foreach (var locked in results[..2])
        {
            var refused = await Assert.ThrowsAsync<ServiceException>(
                () => locked.WaitAsync(Wait.Timeout, TimeProvider.System, Cancellation));
            Assert.Equal(ErrorReason.StoreUnavailable, refused.Reason);
            Assert.NotNull(refused.RetryAfter);
        }
    }

    [Fact]
    public async Task Rescue_WhileAnotherSessionHasLockedTheOldestJob_RescuesTheOthers()
    {
        await using var node = await OpenAsync();
        var jobs = await InsertAsync(node, 2);
        foreach (var jobId in jobs)
        {
            await node.Store.UpdateAsync(
                jobId,
                (stored, now) => JobTransitions.Claim(
                    stored, Guid.NewGuid(), now - TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(1)),
                Cancellation);
        }

        var oldest = (await node.Store.ListExpiredAsync(1, Cancellation)).Single();
        await using var suspended = await LockAsync(node, oldest);
        using var rescuer = new JobRescuer(
            node.Store, new JobTracker(node.Store),
            new LocalAttempts(node.Store, NullLogger<LocalAttempts>.Instance), Options.Create(new LeaseOptions()),
            Options.Create(new RetryOptions()), TimeProvider.System, NullLogger<JobRescuer>.Instance);

        var rescued = await rescuer.RescueAsync(Cancellation)
            .WaitAsync(Wait.Timeout, TimeProvider.System, Cancellation);

        Assert.Equal(1, rescued);
        Assert.Equal([oldest], await node.Store.ListExpiredAsync(10, Cancellation));
    }

    [Fact]
    public async Task Update_OfAJobThatASuspendedNodeHasLocked_IsMadeSoon()
    {
        await using var suspended = await OpenAsync();
        await using var node = new PostgresNode(suspended.Options.Value.ConnectionString);
        var jobId = (await InsertAsync(node, 1)).Single();
        await using var connection = await suspended.Database.Source.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await connection.ExecuteAsync("SELECT FROM jobs FOR UPDATE", Cancellation);

        await Wait.ForAsync(
            () => TryUpdateAsync(node, jobId), isMade => isMade, "the server ends the transaction without statements");
    }

    [Fact]
    public async Task Leader_WhileItIsSuspended_IsAnotherNode()
    {
        await using var first = await OpenAsync();
        await using var second = new PostgresNode(first.Options.Value.ConnectionString);
        using var resume = new ManualResetEventSlim();
        await first.ListenAsync();
        await Wait.UntilAsync(() => first.Listener.IsLeader, "the first node leads");
        await second.ListenAsync();

        // A handler that does not return keeps the session of the listener from its next statement.
        first.Store.Changed += _ => resume.Wait(Cancellation);
        await InsertAsync(second, 1);

        try
        {
            await Wait.UntilAsync(() => second.Listener.IsLeader, "the second node leads");
        }
        finally
        {
            resume.Set();
        }

        await Wait.UntilAsync(() => !first.Listener.IsLeader, "the first node knows that it does not lead");
    }

    [Fact]
    public async Task Rank_InADeadlock_IsRepeated()
    {
        await using var node = await OpenAsync();
        var jobs = await InsertAsync(node, 2);
        await node.ExecuteAsync("UPDATE jobs SET queue_rank = queue_rank + interval '1 day'");
        jobs = await node.QueryAsync("SELECT job_id FROM jobs ORDER BY job_id", reader => reader.GetGuid(0));
        await using var other = await LockAsync(node, jobs[1]);

        // The other transaction never notices the deadlock, so that it is this one's.
        await other.ExecuteAsync("SET deadlock_timeout = '10min'", Cancellation);
        await using var claims = node.Claims();
        var ranking = claims.StartAsync(Cancellation);
        await Wait.ForAsync(
            () => node.QueryAsync(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                + "AND wait_event_type = 'Lock'",
                reader => reader.GetInt64(0)),
            waiting => waiting.Single() == 1, "the ranking waits");
        await other.ExecuteAsync(
            "UPDATE jobs SET frames_done = 1 WHERE job_id = @job", Cancellation, ("job", jobs[0]));
        await other.ExecuteAsync("COMMIT", Cancellation);

        await ranking;

        Assert.Equal(
            [2L],
            await node.QueryAsync(
                "SELECT count(*) FROM jobs WHERE queue_rank < queued_at + interval '12 hours'",
                reader => reader.GetInt64(0)));
    }

    [Fact]
    public async Task Session_OfANode_HasTimeLimits()
    {
        await using var node = await OpenAsync();
        await using var own = new PostgresNode(node.Options.Value.ConnectionString + ";Options=-c lock_timeout=7s");

        Assert.Equal(("2s", "5s", "15000"), await ReadAsync(node));
        Assert.Equal(("7s", "5s", "15000"), await ReadAsync(own));

        static async Task<(string Lock, string Idle, string Tcp)> ReadAsync(PostgresNode node) =>
            (await node.QueryAsync(
                "SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'), "
                + "current_setting('tcp_user_timeout')",
                reader => (reader.GetString(0), reader.GetString(1), reader.GetString(2)))).Single();
    }

    [Fact]
    public void Failures_OfAServerThatSpeaksAnotherLanguage_AreKnown()
    {
        Assert.True(
            PostgresFailures.IsOutage(new PostgresException("beendet", "FATAL*", "FATAL", "57P05")),
            "The end of the session is no outage.");
        Assert.False(
            PostgresFailures.IsOutcomeUnknown(new PostgresException("doppelt", "FEHLER", "ERROR", "23505")),
            "The outcome of a refused statement is unknown.");
    }

    private static async Task<List<Guid>> InsertAsync(PostgresNode node, int count)
    {
        var jobs = Enumerable.Range(0, count).Select(_ => TestJobs.Pending()).ToList();
        await Task.WhenAll(jobs.Select(job => node.Store.InsertAsync(job, Cancellation)));
        return jobs.ConvertAll(job => job.JobId);
    }

    private static Task<JobRecord?> UpdateAsync(PostgresNode node, Guid jobId) =>
        node.Store.UpdateAsync(jobId, stored => stored with { FramesDone = 1 }, Cancellation);

    private static async Task<bool> TryUpdateAsync(PostgresNode node, Guid jobId)
    {
        try
        {
            await UpdateAsync(node, jobId);
            return true;
        }
        catch (ServiceException refused) when (refused.Reason == ErrorReason.StoreUnavailable)
        {
            return false;
        }
    }

    /// <summary>Locks jobs in a transaction that the server never ends.</summary>
    private static async Task<NpgsqlConnection> LockAsync(PostgresNode node, params Guid[] jobIds)
    {
        var connection = new NpgsqlConnection(node.Options.Value.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Cancellation);
        await connection.ExecuteAsync("BEGIN", Cancellation);
        await connection.ExecuteAsync(
            "SELECT FROM jobs WHERE job_id = ANY(@jobs) FOR UPDATE", Cancellation, ("jobs", jobIds.ToList()));
        return connection;
    }

    /// <summary>A node whose statements would wait far longer than the test.</summary>
    private async Task<PostgresNode> OpenAsync(int concurrentCommits = 2) => new(
        await PostgresNode.CreateDatabaseAsync(await servers.PostgresOrSkipAsync()),
        options =>
        {
            options.CommandTimeout = TimeSpan.FromMinutes(10);
            options.ConcurrentCommits = concurrentCommits;
        });
}
