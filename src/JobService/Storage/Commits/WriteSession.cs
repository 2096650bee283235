using DuckDB.NET.Data;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage.Cache;

namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>
/// The writer's hold on the open database. After a fatal error, such as a checkpoint on a full disk, DuckDB refuses
/// everything until the file was closed and opened again; this does that, with every connection of the process.
/// </summary>
internal sealed class WriteSession(
    DuckDbDatabase database, DuckDbReaders readers, JobCache cache, CrashPoints crashPoints, TimeProvider time,
    ILogger logger)
{
    private DuckDBConnection? _connection;
    private CommitBatchReader? _reader;
    private CommitBatchWriter? _writer;

    /// <summary>Whether the database is open.</summary>
    public bool IsOpen => _connection is not null;

    /// <summary>Begins to work, with a cache that holds what the database does.</summary>
    public void Open()
    {
        var connection = database.Connect();
        try
        {
            cache.Load(connection);
            _reader = new CommitBatchReader(connection, cache);
            _writer = new CommitBatchWriter(connection, crashPoints, time);
            _connection = connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Reads what changes have to know.</summary>
    public CommitBatch Begin(IReadOnlyList<IJobChange> changes, bool exact) => _reader!.Begin(changes, exact);

    /// <summary>Commits the rows of a round.</summary>
    public void Write(ChangeSet rows) => _writer!.Write(rows);

    /// <summary>Runs statements in a transaction of their own.</summary>
    public void Run(Action<DuckDBConnection> statements)
    {
        using var transaction = _connection!.BeginTransaction();
        statements(_connection);
        transaction.Commit();
    }

    /// <summary>Moves the write-ahead log into the database file.</summary>
    public void Checkpoint() => _connection!.Execute("CHECKPOINT");

    /// <summary>
    /// Whether the database has what a round decided. A commit is all or nothing, so that one row tells.
    /// </summary>
    public bool Has(ChangeSet rows)
    {
        if (rows.NewJobs is [var added, ..])
        {
            return StoredJobs.Find(_connection!, added.JobId) is not null;
        }

        if (rows.ChangedJobs is [var changed, ..])
        {
            return StoredJobs.Find(_connection!, changed.JobId) is { } found
                && JobColumns.Changing.All(column => Equals(column.ValueOf(found), column.ValueOf(changed)));
        }

        return rows.GoneJobs is [var gone, ..] && StoredJobs.Find(_connection!, gone) is null;
    }

    /// <summary>Closes the database and opens it again.</summary>
    /// <exception cref="DatabaseException">It does not open; <see cref="IsOpen"/> is false then.</exception>
    public async Task ReopenAsync()
    {
        Close();
        await readers.SuspendAsync();
        database.Reopen();
        readers.Resume();
        Open();
        logger.LogWarning("DuckDB gave {Path} up after an error; it was closed, opened again and works", database.Path);
    }

    /// <summary>Lets go of the database.</summary>
    public void Close()
    {
        _connection?.Dispose();
        _connection = null;
    }
}
