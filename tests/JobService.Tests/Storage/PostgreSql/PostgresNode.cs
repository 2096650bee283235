using System.Collections.Concurrent;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage.PostgreSql;

/// <summary>What one JobService has of the job store in PostgreSQL; several share a database.</summary>
internal sealed class PostgresNode : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<int, Lazy<Task<string>>> Templates = new();

    private readonly RecordedMetrics<JobMetrics> _metrics = new();
    private readonly TimeProvider _time;
    private bool _isListening;

    /// <param name="connectionString">The database.</param>
    /// <param name="configure">Changes the options.</param>
    /// <param name="time">The clock of the node.</param>
    /// <param name="webhooks">The receivers of the configuration; null for none.</param>
    public PostgresNode(
        string connectionString, Action<PostgresOptions>? configure = null, TimeProvider? time = null,
        WebhookRoutes? webhooks = null)
    {
        var options = new PostgresOptions
        {
            ConnectionString = connectionString,
            PollInterval = TimeSpan.FromMilliseconds(200),
        };
        configure?.Invoke(options);
        Options = Microsoft.Extensions.Options.Options.Create(options);
        _time = time ?? TimeProvider.System;
        Database = new PostgresDatabase(Options, NullLoggerFactory.Instance);
        Clock = new StoreClock(_time);
        Listener = new PostgresListener(Database, Clock, Options, _time, NullLogger<PostgresListener>.Instance);
        Committer = new PostgresCommitter(
            Database, Clock, Options, Microsoft.Extensions.Options.Options.Create(new QueueOptions()), CrashPoints.None,
            _metrics.Metrics, webhooks ?? new WebhookRoutes([], 1 << 16), _time,
            NullLogger<PostgresCommitter>.Instance);
        Writer = new PostgresWriter(Committer, Options);
        Store = new PostgresJobStore(Database, Writer, Committer, Listener, Clock);
        Outbox = new PostgresWebhookOutbox(Database);
    }

    public IOptions<PostgresOptions> Options { get; }

    public PostgresDatabase Database { get; }

    public StoreClock Clock { get; }

    public PostgresListener Listener { get; }

    public PostgresCommitter Committer { get; }

    public PostgresWriter Writer { get; }

    public IJobStore Store { get; }

    public IWebhookOutbox Outbox { get; }

    /// <summary>Creates an empty, migrated database on a server; returns its connection string.</summary>
    public static async Task<string> CreateDatabaseAsync(PostgresServer server)
    {
        // Migrated once for each server: the migrations take longer than most tests.
        var template = await Templates.GetOrAdd(
            server.Port,
            _ => new Lazy<Task<string>>(async () =>
            {
                var connectionString = await server.CreateDatabaseAsync();
                await MigrateAsync(connectionString);
                return NameOf(connectionString);
            })).Value;
        var name = $"test_{Guid.NewGuid():N}";
        await server.QueryAsync($"CREATE DATABASE {name} TEMPLATE {template}");
        return server.ConnectionString(name);
    }

    /// <summary>Migrates a database.</summary>
    public static async Task MigrateAsync(string connectionString)
    {
        await using var node = new PostgresNode(connectionString);
        node.Migrator().MigrateUp();
    }

    /// <summary>Name of the database of a connection string.</summary>
    public static string NameOf(string connectionString) => connectionString.Split("Database=")[1].Split(';')[0];

    /// <summary>The migrator of the database.</summary>
    public DatabaseMigrator Migrator(MigrationList? migrations = null) =>
        new(Database, migrations ?? MigrationList.OfPostgreSql, NullLoggerFactory.Instance);

    /// <summary>Starts to listen and returns when the session is open.</summary>
    public async Task ListenAsync()
    {
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnWork() => opened.TrySetResult();
        Listener.WorkArrived += OnWork;
        _isListening = true;
        await Listener.StartAsync(CancellationToken.None);
        await opened.Task.WaitAsync(Wait.Timeout, TimeProvider.System);
        Listener.WorkArrived -= OnWork;
    }

    /// <summary>The claims of this node.</summary>
    public PostgresClaims Claims(
        int places = 4, ScriptedInference? inference = null, TenantOptions? tenants = null, TimeSpan? lease = null,
        StorageAccess? storageAccess = null)
    {
        inference ??= new ScriptedInference();
        var dispatch = Microsoft.Extensions.Options.Options.Create(
            new DispatchOptions { MaxConcurrentJobs = places, ReservedJobs = 0 });
        return new PostgresClaims(
            Database, Writer, Listener, new InferenceAvailability(inference, dispatch, _time),
            storageAccess ?? new StorageAccess(
                inference, new InMemoryStorage(), new JobTracker(Store), Store,
                Microsoft.Extensions.Options.Options.Create(new InferenceOptions()),
                NullLogger<StorageAccess>.Instance),
            dispatch, Microsoft.Extensions.Options.Options.Create(tenants ?? new TenantOptions()),
            Microsoft.Extensions.Options.Options.Create(
                new LeaseOptions { LeaseDuration = lease ?? TimeSpan.FromMinutes(5) }),
            Microsoft.Extensions.Options.Options.Create(new QueueOptions()), Options, _time,
            NullLogger<PostgresClaims>.Instance);
    }

    /// <summary>Runs a query.</summary>
    public Task<List<T>> QueryAsync<T>(string sql, Func<System.Data.Common.DbDataReader, T> read) => Database.ReadAsync(
        (connection, cancellationToken) => connection.QueryAsync(sql, read, cancellationToken), CancellationToken.None);

    /// <summary>Runs a statement.</summary>
    public Task<int> ExecuteAsync(string sql) => Database.WriteAsync(
        (connection, cancellationToken) => connection.ExecuteAsync(sql, cancellationToken), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        if (_isListening)
        {
            await Listener.StopAsync(CancellationToken.None);
        }

        Listener.Dispose();
        await Writer.DisposeAsync();
        Committer.Dispose();
        await Database.DisposeAsync();
        _metrics.Dispose();
    }
}
