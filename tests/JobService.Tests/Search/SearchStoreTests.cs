using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Tests.Storage.PostgreSql;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;

namespace ForegSyte.Jobs.Tests.Search;

public sealed class DuckDbSearchStoreTests : SearchStoreContract, IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DatabaseFixture _database;
    private readonly DuckDbSearchStore _store;

    public DuckDbSearchStoreTests()
    {
        _database = new DatabaseFixture(_folder.File("jobs.duckdb"));
        _store = new DuckDbSearchStore(_database.Writer, _database.Readers, _database.Options, TimeProvider.System);
    }

    private protected override IJobStore Jobs => _database.Store;

    private protected override ISearchStore Store => _store;

    private protected override Task<long> CountRowsAsync() =>
        Task.FromResult(_database.Query(SearchRows.Count, reader => reader.GetInt64(0)).Single());

    public async ValueTask DisposeAsync()
    {
        _store.Dispose();
        await _database.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Read_CancelledBetweenRows_IsInterruptedAndTheConnectionGoesOn()
    {
        using var cancelled = new CancellationTokenSource();
        var rows = 0;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _store.ReadAsync(
            "SELECT i FROM range(10000000) AS r(i) ORDER BY hash(i)", [],
            _ =>
            {
                rows++;
                cancelled.Cancel();
                return true;
            },
            cancelled.Token));

        Assert.Equal(1, rows);
        Assert.Equal(0, await _store.CountUnindexedAsync(Cancellation));
    }
}

public sealed class PostgresSearchStoreTests(SharedServers servers) : SearchStoreContract, IAsyncLifetime
{
    private PostgresNode _node = null!;
    private PostgresSearchStore _store = null!;

    private protected override IJobStore Jobs => _node.Store;

    private protected override ISearchStore Store => _store;

    private protected override async Task<long> CountRowsAsync() =>
        (await _node.QueryAsync(SearchRows.Count, reader => reader.GetInt64(0))).Single();

    public async ValueTask InitializeAsync()
    {
        _node = new PostgresNode(await PostgresNode.CreateDatabaseAsync(await servers.PostgresOrSkipAsync()));
        _store = new PostgresSearchStore(_node.Database, _node.Options);
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            _store.Dispose();
            await _node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Index_ByFourNodesAtOnce_IndexesEachJobOnce()
    {
        var jobs = Enumerable.Range(1, 10).Select(Completed).ToList();
        await Task.WhenAll(jobs.Select(job => Jobs.InsertAsync(job, Cancellation)));
        var nodes = Enumerable.Range(0, 4)
            .Select(_ => new PostgresNode(_node.Options.Value.ConnectionString)).ToList();

        var indexed = await Task.WhenAll(
            from node in nodes
            from job in jobs
            select new PostgresSearchStore(node.Database, node.Options)
                .IndexAsync(Rows(job, Object(1, "person"), Text(2, "GATE")), Cancellation));

        Assert.Equal(jobs.Count, indexed.Count(isFirst => isFirst));
        Assert.Equal(jobs.Count, (await Store.FindObjectsAsync(Any, Cancellation)).Count);
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Delete_WhileTheJobIsIndexed_LeavesNoRows()
    {
        for (var round = 0; round < 10; round++)
        {
            var job = Completed(round);
            await Jobs.InsertAsync(job, Cancellation);

            await Task.WhenAll(
                Store.IndexAsync(Rows(job, Object(1, "person"), Text(2, "GATE")), Cancellation),
                Jobs.DeleteAsync(job.JobId, _ => { }, Cancellation));

            Assert.Equal(0, await CountRowsAsync());
        }
    }
}

/// <summary>The rows of the index.</summary>
internal static class SearchRows
{
    /// <summary>The query for their number.</summary>
    public const string Count =
        "SELECT ((SELECT count(*) FROM search_jobs) + (SELECT count(*) FROM search_objects) "
        + "+ (SELECT count(*) FROM search_texts) + (SELECT count(*) FROM search_terms) "
        + "+ (SELECT count(*) FROM search_chunks))";
}
