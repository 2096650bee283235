using System.Collections.Concurrent;
using ForegSyte.Hosting.Errors;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage.PostgreSql;

/// <summary>Commits whose COMMIT gets no answer because the server crashes and stays down.</summary>
public sealed class PostgresOutcomeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Changes_AfterAllCommitsGotNoAnswer_FailUntilTheServerIsBack()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        await using var node = await OpenAsync(server);
        var jobs = await InsertAsync(node, 3);
        var published = new ConcurrentQueue<Guid>();
        node.Store.Committed += commit => published.Enqueue(commit.JobId);
        var lost = await HangInCommitAsync(node, jobs[..2]);
        var waiting = UpdateAsync(node, jobs[0]);

        await server.CrashAsync();

        // The waiting change, then changes of a job that is being sought, and of another one.
        await AssertUnavailableAsync(waiting);
        await AssertUnavailableAsync(UpdateAsync(node, jobs[0]));
        await AssertUnavailableAsync(UpdateAsync(node, jobs[2]));
        foreach (var change in lost)
        {
            Assert.Contains(
                "may or may not be made", (await AssertUnavailableAsync(change)).Message, StringComparison.Ordinal);
        }

        await AssertUnavailableAsync(UpdateAsync(node, jobs[1]));
        Assert.Equal(0, node.Writer.WaitingChanges);

        await server.StartAsync();
        await Wait.ForAsync(
            () => TryAsync(() => node.ExecuteAsync("DROP TRIGGER hang ON jobs")), isDone => isDone, "it is back");
        foreach (var jobId in jobs)
        {
            await Wait.ForAsync(
                () => TryAsync(() => UpdateAsync(node, jobId)), isDone => isDone, "changes are made again");
        }

        Assert.Equal(jobs, published);
    }

    [Fact]
    public async Task Dispose_WhileOutcomesAreUnknown_Ends()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        var node = await OpenAsync(server);
        var jobs = await InsertAsync(node, 2);
        var lost = await HangInCommitAsync(node, jobs);
        await server.CrashAsync();

        await node.DisposeAsync().AsTask().WaitAsync(Wait.Timeout, TimeProvider.System, Cancellation);

        await Task.WhenAll(lost.Select(AssertUnavailableAsync));
    }

    [Fact]
    public async Task Update_CancelledWhileItWaits_IsForgotten()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        await using var node = await OpenAsync(server);
        var jobs = await InsertAsync(node, 2);
        var lost = await HangInCommitAsync(node, jobs);
        using var cancelling = new CancellationTokenSource();
        var cancelled = Enumerable.Range(0, 100)
            .Select(_ => node.Store.UpdateAsync(jobs[0], stored => stored with { FramesDone = 2 }, cancelling.Token))
            .ToList();
        Assert.Equal(100, node.Writer.WaitingChanges);

        await cancelling.CancelAsync();

        foreach (var change in cancelled)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => change);
        }

        Assert.Equal(0, node.Writer.WaitingChanges);
        await server.CrashAsync();
        await Task.WhenAll(lost.Select(AssertUnavailableAsync));
    }

    private static async Task<PostgresNode> OpenAsync(PostgresServer server)
    {
        var connectionString = await server.CreateDatabaseAsync();
        await PostgresNode.MigrateAsync(connectionString);
        return new PostgresNode(connectionString, options => options.CommandTimeout = TimeSpan.FromMinutes(10));
    }

    private static async Task<List<Guid>> InsertAsync(PostgresNode node, int count)
    {
        var jobs = Enumerable.Range(0, count).Select(_ => TestJobs.Pending()).ToList();
        await Task.WhenAll(jobs.Select(job => node.Store.InsertAsync(job, Cancellation)));
        return jobs.ConvertAll(job => job.JobId);
    }

    /// <summary>Changes jobs, each in a commit of its own; returns when the server executes every COMMIT.</summary>
    private static async Task<List<Task<JobRecord?>>> HangInCommitAsync(PostgresNode node, List<Guid> jobs)
    {
        await node.ExecuteAsync(
            "CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS "
            + "'BEGIN PERFORM pg_sleep(3600); RETURN NULL; END'");
        await node.ExecuteAsync(
            "CREATE CONSTRAINT TRIGGER hang AFTER UPDATE ON jobs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
            + "EXECUTE FUNCTION hang()");
        var changes = new List<Task<JobRecord?>>();
        foreach (var jobId in jobs)
        {
            changes.Add(UpdateAsync(node, jobId));
            await Wait.ForAsync(
                () => node.QueryAsync(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
                    reader => reader.GetInt64(0)),
                sleeping => sleeping.Single() == changes.Count, "the server executes the COMMIT");
        }

        return changes;
    }

    private static Task<JobRecord?> UpdateAsync(PostgresNode node, Guid jobId) =>
        node.Store.UpdateAsync(jobId, stored => stored with { FramesDone = 1 }, CancellationToken.None);

    private static async Task<ServiceException> AssertUnavailableAsync(Task change)
    {
        var refused = await Assert.ThrowsAsync<ServiceException>(
            () => change.WaitAsync(Wait.Timeout, TimeProvider.System, Cancellation));
        Assert.Equal(ErrorReason.StoreUnavailable, refused.Reason);
        Assert.NotNull(refused.RetryAfter);
        return refused;
    }

    private static async Task<bool> TryAsync(Func<Task> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (ServiceException refused) when (refused.Reason == ErrorReason.StoreUnavailable)
        {
            return false;
        }
    }
}
