using ForegSyte.Testing.Servers;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage.PostgreSql;

public sealed class PostgresJobStoreTests(SharedServers servers) : JobStoreContract, IAsyncLifetime
{
    private PostgresNode? _node;

    private protected override IJobStore Store => Node.Store;

    private PostgresNode Node => _node!;

    private protected override Task ListenAsync() => Node.ListenAsync();

    private protected override async Task<IReadOnlySet<Guid>> ChangeElsewhereAsync()
    {
        await using var other = new PostgresNode(Node.Options.Value.ConnectionString);
        var job = TestJobs.Pending();
        await other.Store.InsertAsync(job, Cancellation);
        return new HashSet<Guid> { job.JobId };
    }

    public async ValueTask InitializeAsync() =>
        _node = new PostgresNode(await PostgresNode.CreateDatabaseAsync(await servers.PostgresOrSkipAsync()));

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Insert_TextWithNul_IsStoredWithTheReplacementCharacter()
    {
        var job = TestJobs.Pending() with { DisplayName = "a\0b" };

        await Store.InsertAsync(job, Cancellation);

        Assert.Equal("a\uFFFDb", (await Store.FindAsync(job.JobId, Cancellation))!.DisplayName);
    }

    [Fact]
    public async Task Anything_AfterDispose_SaysThatTheStoreIsClosed()
    {
        await Node.Writer.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Store.InsertAsync(TestJobs.Pending(), Cancellation));
    }

    [Fact]
    public async Task Usage_AfterManyChanges_IsThatOfTheJobs()
    {
        var jobs = Enumerable.Range(0, 12)
            .Select(i => TestJobs.Pending() with { Tenant = i % 2 == 0 ? "even" : "odd", VideoBytes = 10 + i })
            .ToList();
        await Task.WhenAll(jobs.Select(job => Store.InsertAsync(job, Cancellation)));
        await Task.WhenAll(jobs.Take(6).Select(job => Store.UpdateAsync(
            job.JobId,
            stored => stored with { Status = JobStatus.Running, ResultBytes = stored.VideoBytes * 2 }, Cancellation)));
        await Task.WhenAll(jobs.Take(2).Select(job => Store.DeleteAsync(job.JobId, _ => { }, Cancellation)));
        await using var other = new PostgresNode(Node.Options.Value.ConnectionString);

        var usage = await other.Store.UsageElsewhereAsync(Cancellation);

        Assert.Empty(await Store.UsageElsewhereAsync(Cancellation));
        Assert.Equal(
            [
                new TenantUsage("even", 5, 3, 12 + 14 + 16 + 18 + 20, 2 * (12 + 14)),
                new TenantUsage("odd", 5, 3, 13 + 15 + 17 + 19 + 21, 2 * (13 + 15)),
            ],
            usage.OrderBy(tenant => tenant.Tenant, StringComparer.Ordinal));
    }
}
