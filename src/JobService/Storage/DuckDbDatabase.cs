using System.ComponentModel.DataAnnotations;
using System.Globalization;
using DuckDB.NET.Data;
using FluentMigrator.Runner;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Starting;
using ForegSyte.Jobs.Storage.Migrations;
using ForegSyte.Jobs.Storage.Migrations.DuckDb;
using ForegSyte.Protocol.Limits;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>The database file, DuckDB's resources, and the limits of its queue and cache. Section "Database".</summary>
internal sealed class DatabaseOptions
{
    public const string Section = "Database";

    /// <summary>Default name of the file in DataDirectory.</summary>
    public const string DefaultFileName = "foregsyte.duckdb";

    /// <value>Absolute path of the database file. Default: foregsyte.duckdb in DataDirectory.</value>
    [Required]
    public string Path { get; set; } = "";

    /// <value>
    /// How long a start waits while another process has the database open. Default 0: the start fails immediately. A
    /// supervisor that starts the next process before the last one has stopped needs more than Stop:GraceTime plus
    /// Stop:CancelTime.
    /// </value>
    [TimeRange("00:00:00", "1.00:00:00")]
    [Limit("", "How long a start waits while another process has the database; then the start is refused.")]
    public TimeSpan LockTimeout { get; set; } = TimeSpan.Zero;

    /// <value>DuckDB's memory limit. Default 256 MiB; DuckDB's own default is 80 % of the machine.</value>
    [Range(64, 1_048_576)]
    [Limit("MiB", "Memory of the database; above it DuckDB writes to temporary files.")]
    public int MemoryLimitMib { get; set; } = 256;

    /// <value>DuckDB's threads. Default 2: point reads and small commits gain nothing from more.</value>
    [Range(1, 256)]
    [Limit("threads", "Threads of the database.")]
    public int Threads { get; set; } = 2;

    /// <value>
    /// Size of the write-ahead log at which a commit also writes a checkpoint. Default 16 MiB: at 1 MiB the slowest
    /// 1 % of the commits took 50 ms. Replay after a crash takes about 0.2 ms per commit.
    /// </value>
    [Range(1, 1_024)]
    [Limit("MiB", "Write-ahead log; above it a commit also writes a checkpoint.")]
    public int WalAutocheckpointMib { get; set; } = 16;

    /// <value>Number of read connections. Default 2. Each blocks one thread while it reads.</value>
    [Range(1, 64)]
    [Limit("connections", "Reads of the database at the same time; others wait.")]
    public int ReadConnections { get; set; } = 2;

    /// <value>Capacity of the write queue; further callers wait until it has room. Default 1024.</value>
    [Range(1, 65_536)]
    [Limit("changes", "Queued changes; at the limit callers wait.")]
    public int WriteQueueCapacity { get; set; } = 1_024;

    /// <value>Maximum number of changes in one commit. Default 512: larger commits are slower for little gain.</value>
    [Range(1, 8_192)]
    [Limit("changes", "Changes per commit; further ones go into the next.")]
    public int MaxCommitChanges { get; set; } = 512;

    /// <value>
    /// Number of ended jobs in memory, in addition to all unfinished ones. Default 10000, a few KiB each.
    /// </value>
    [Range(1, 1_000_000)]
    [Limit("jobs", "Ended jobs in memory; further ones are read from the database.")]
    public int CachedJobs { get; set; } = 10_000;

    /// <value>
    /// Time without a write after which a checkpoint is written, so that a start has no log to replay. Default 5 s.
    /// </value>
    [TimeRange("00:00:00.1", "1.00:00:00")]
    public TimeSpan IdleCheckpointDelay { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>
/// The open database. It holds one connection for as long as it lives, since DuckDB closes the file with the last one.
/// </summary>
internal sealed class DuckDbDatabase : IMigratedDatabase, IDisposable
{
    private DuckDBConnection? _keeper;

    /// <exception cref="DatabaseException">
    /// Another process has the file open, the write-ahead log is damaged (both files are then moved aside), or the file
    /// is not a database.
    /// </exception>
    public DuckDbDatabase(IOptions<DatabaseOptions> options, TimeProvider time)
    {
        try
        {
            Path = CanonicalPath.Resolve(options.Value.Path);
            ConnectionString = ConnectionStringOf(Path, options.Value);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw DatabaseFailures.OfOpening(options.Value.Path, failure);
        }

        DamagedDatabase.RequireNone(Path);
        Open(damaged => DamagedDatabase.SetAside(Path, time.GetUtcNow(), damaged));
    }

    /// <summary>Canonical path of the file.</summary>
    public string Path { get; }

    /// <inheritdoc />
    public string Name => Path;

    /// <summary>
    /// The connection string of all connections: DuckDB ignores settings that differ from the first connection's.
    /// </summary>
    public string ConnectionString { get; }

    /// <summary>Opens another connection.</summary>
    public DuckDBConnection Connect()
    {
        var connection = new DuckDBConnection(ConnectionString);
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Does nothing: only one process can open the file.</summary>
    public IDisposable LockSchema() => new NoLock();

    /// <inheritdoc />
    public IReadOnlyList<long> AppliedVersions()
    {
        using var connection = Connect();
        var isMigrated = connection.Query(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = 'main' "
            + "AND table_name = $table",
            reader => reader.GetInt32(0),
            ("table", SchemaVersionTable.Name)).Count > 0;
        return isMigrated
            ? connection.Query(
                $"SELECT {SchemaVersionTable.VersionColumn} FROM {SchemaVersionTable.Name} ORDER BY 1",
                reader => reader.GetInt64(0))
            : [];
    }

    /// <inheritdoc />
    public DatabaseException? Explain(Exception failure) => null;

    /// <inheritdoc />
    public void AddTo(IMigrationRunnerBuilder runner) =>
        runner.AddDuckDb().WithGlobalConnectionString(ConnectionString);

    /// <summary>
    /// Closes and opens the file, which DuckDB requires after a fatal error. All other connections must be closed.
    /// </summary>
    /// <exception cref="DatabaseException">The file does not open.</exception>
    public void Reopen()
    {
        Dispose();
        Open(damaged => DatabaseFailures.OfOpening(Path, damaged));
    }

    /// <summary>Closes the file; DuckDB writes a checkpoint if it can.</summary>
    public void Dispose()
    {
        _keeper?.Dispose();
        _keeper = null;
    }

    private void Open(Func<DuckDBException, DatabaseException> failureOfDamagedLog)
    {
        try
        {
            _keeper = Connect();
        }
        catch (DuckDBException failure) when (DatabaseFailures.IsDamagedLog(Path, failure))
        {
            throw failureOfDamagedLog(failure);
        }
        catch (DuckDBException failure)
        {
            throw DatabaseFailures.OfOpening(Path, failure);
        }
    }

    private static string ConnectionStringOf(string path, DatabaseOptions options) =>
        new DuckDBConnectionStringBuilder
        {
            DataSource = path,
            MemoryLimit = Mebibytes(options.MemoryLimitMib),
            Threads = options.Threads,
            CheckpointThreshold = Mebibytes(options.WalAutocheckpointMib),
            AutoinstallKnownExtensions = false,
            AutoloadKnownExtensions = false,
        }.ConnectionString;

    private static string Mebibytes(int count) => count.ToString(CultureInfo.InvariantCulture) + "MiB";

    private sealed class NoLock : IDisposable
    {
        public void Dispose()
        {
        }
    }
}

/// <summary>
/// Opens the database before any other service is created, and waits while another process has it open. The container
/// disposes in reverse order, so the database is closed last: the next process finds no one writing the files beside
/// it.
/// </summary>
internal sealed class DatabaseTakeover(
    IServiceProvider services, ProcessHandover handover, IOptions<DatabaseOptions> options)
{
    /// <summary>Returns when this process has the database open.</summary>
    /// <exception cref="DatabaseException">It cannot be opened, or another process holds it past the
    /// timeout.</exception>
    public Task RunAsync() => handover.AcquireAsync(TryOpen, options.Value.LockTimeout);

    private DatabaseInUseException? TryOpen()
    {
        try
        {
            // A singleton whose constructor threw is created again by the next call.
            services.GetRequiredService<DuckDbDatabase>();
            return null;
        }
        catch (DatabaseInUseException inUse)
        {
            return inUse;
        }
    }
}
