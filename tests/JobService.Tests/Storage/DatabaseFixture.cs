using DuckDB.NET.Data;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>An open, migrated DuckDB.</summary>
internal sealed class DatabaseFixture : IAsyncDisposable
{
    private readonly RecordedMetrics<JobMetrics> _metrics = new();
    private readonly DuckDbWriter _writer;
    private readonly DuckDbReaders _readers;

    public DatabaseFixture(
        string path, Action<DatabaseOptions>? configure = null, TimeProvider? time = null,
        WebhookRoutes? webhooks = null)
    {
        Options = OptionsFor(path, configure);
        MigratedDatabase.Provide(path);
        Database = new DuckDbDatabase(Options, TimeProvider.System);
        new DatabaseMigrator(Database, MigrationList.OfThisVersion, NullLoggerFactory.Instance).MigrateUp();
        Cache = new JobCache(Options);
        _readers = new DuckDbReaders(Database, Options);
        _writer = new DuckDbWriter(
            Database, _readers, Cache, Options, CrashPoints.None, _metrics.Metrics,
            webhooks ?? new WebhookRoutes([], 1 << 16), time ?? TimeProvider.System,
            NullLogger<DuckDbWriter>.Instance);
        Outbox = new DuckDbWebhookOutbox(_writer, _readers);
        Store = new DuckDbJobStore(
            _writer, _readers, new JobDataLoader(_readers), Cache, time ?? TimeProvider.System);
    }

    public IOptions<DatabaseOptions> Options { get; }

    public DuckDbDatabase Database { get; }

    public JobCache Cache { get; }

    public DuckDbWriter Writer => _writer;

    public DuckDbReaders Readers => _readers;

    public IJobStore Store { get; }

    public IWebhookOutbox Outbox { get; }

    public static IOptions<DatabaseOptions> OptionsFor(string path, Action<DatabaseOptions>? configure = null)
    {
        var options = new DatabaseOptions { Path = path };
        configure?.Invoke(options);
        return Microsoft.Extensions.Options.Options.Create(options);
    }

    /// <summary>Runs a query on a connection of its own.</summary>
    public List<T> Query<T>(string sql, Func<DuckDBDataReader, T> read)
    {
        using var connection = Database.Connect();
        return connection.Query(sql, read);
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await _readers.DisposeAsync();
        Database.Dispose();
        _metrics.Dispose();
    }
}
