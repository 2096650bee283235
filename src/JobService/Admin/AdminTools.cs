using ForegSyte.Hosting;
using ForegSyte.Hosting.Files;
using ForegSyte.Hosting.Starting;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Storage.S3;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Admin;

/// <summary>Services for the commands, created from the settings of the JobService.</summary>
internal sealed class AdminTools(WebApplication app) : IAsyncDisposable
{
    private readonly JobStoreKind _kind = JobStoreKinds.Of(app.Configuration);

    /// <summary>Settings of the database in DuckDB.</summary>
    /// <exception cref="AdminException">The database is not DuckDB.</exception>
    public IOptions<DatabaseOptions> DuckDb => _kind == JobStoreKind.DuckDb
        ? app.Services.GetRequiredService<IOptions<DatabaseOptions>>()
        : throw new AdminException(
            "This command works only with Store=DuckDb. Back up PostgreSQL with its own tools (pg_dump, or a base "
            + "backup with its log), and the storage with those of the storage.");

    /// <summary>The jobs; the first use opens and migrates the database.</summary>
    public IJobStore Store => app.Services.GetRequiredService<IJobStore>();

    /// <summary>The messages to webhooks.</summary>
    public IWebhookOutbox Outbox => app.Services.GetRequiredService<IWebhookOutbox>();

    /// <summary>The segments of jobs that are not completed.</summary>
    public ISegmentStore Segments => app.Services.GetRequiredService<ISegmentStore>();

    /// <summary>The artifacts.</summary>
    public IStorage Storage { get; } = app.Services.GetRequiredService<IStorage>();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; } = app.Services.GetRequiredService<TimeProvider>();

    /// <summary>The available pipelines.</summary>
    /// <exception cref="AdminException">A pipeline cannot be read.</exception>
    public PipelineDirectory Pipelines
    {
        get
        {
            try
            {
                return app.Services.GetRequiredService<PipelineDirectory>();
            }
            catch (InvalidOperationException failure)
            {
                throw new AdminException(failure.Message);
            }
        }
    }

    /// <summary>Reads the settings as the service does; opens nothing.</summary>
    /// <param name="settings">Settings of the command line.</param>
    /// <param name="checkAsync">Throws if a setting of the service is invalid.</param>
    public static async Task<AdminTools> OpenAsync(string[] settings, Func<string[], Task> checkAsync)
    {
        try
        {
            await checkAsync(settings);
        }
        catch (Exception failure)
        {
            throw new AdminException(StartupFailure.Describe(failure), failure);
        }

        var builder = ForegSyteHost.CreateBuilder(settings);
        builder.AddForegSyteHost("JobService", defaultPort: 0, Contract.Descriptor);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter((_, level) => level >= LogLevel.Warning);
        builder.Services.AddFaults();
        builder.Services.AddStorage(builder.Configuration);
        builder.Services.AddS3Storage(builder.Configuration);
        builder.Services.AddPostgreSql(builder.Configuration);
        builder.Services.AddInferenceClient();
        var app = builder.Build();
        app.Services.GetRequiredService<DataFileAccess>().ApplyToNewFiles();
        await app.Services.CheckS3StorageAsync();
        return new AdminTools(app);
    }

    /// <summary>Refuses a database that does not exist.</summary>
    /// <exception cref="AdminException">There is none at the path.</exception>
    public void RequireDatabase()
    {
        if (_kind == JobStoreKind.DuckDb && !File.Exists(DuckDb.Value.Path))
        {
            throw new AdminException($"The database {DuckDb.Value.Path} does not exist. Check DataDirectory.");
        }
    }

    /// <summary>
    /// Refuses a database that a JobService uses. On PostgreSQL the result holds the lock of the leader, which one of
    /// the running nodes always has.
    /// </summary>
    /// <exception cref="AdminException">A JobService runs on it.</exception>
    /// <exception cref="DatabaseException">A process has the database in DuckDB open, or it cannot be used.</exception>
    public async Task<IAsyncDisposable> RequireStoppedAsync(CancellationToken cancellationToken)
    {
        // Opens the database, which is exclusive in DuckDB.
        _ = Store;
        if (_kind == JobStoreKind.DuckDb)
        {
            return new NoSession();
        }

        var database = app.Services.GetRequiredService<PostgresDatabase>();
        return await LeaderLock.TryTakeAsync(database, cancellationToken)
            ?? throw new AdminException(
                $"A JobService runs on the database {database.Name}. Stop all JobServices first.");
    }

    /// <summary>The migrator of an open database.</summary>
    public DatabaseMigrator MigratorOf(DuckDbDatabase database) =>
        new(database, MigrationList.OfThisVersion, app.Services.GetRequiredService<ILoggerFactory>());

    /// <inheritdoc />
    public ValueTask DisposeAsync() => app.DisposeAsync();

    /// <summary>DuckDB needs no session: the open database is the lock.</summary>
    private sealed class NoSession : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
