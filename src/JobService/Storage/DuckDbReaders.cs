using System.Threading.Channels;
using DuckDB.NET.Data;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// A pool of read connections. A read sees the latest commit and never waits for the writer; when all connections are
/// busy, it waits for one. Reads block as many threads of the pool as there are connections.
/// </summary>
internal sealed class DuckDbReaders : IAsyncDisposable
{
    private readonly Channel<DuckDBConnection> _idle;
    private readonly DuckDbDatabase _database;
    private readonly int _count;
    private int _open;
    private bool _closed;

    public DuckDbReaders(DuckDbDatabase database, IOptions<DatabaseOptions> options)
    {
        _database = database;
        _count = options.Value.ReadConnections;
        _idle = Channel.CreateBounded<DuckDBConnection>(_count);
        Resume();
    }

    /// <summary>Runs a query on an idle connection.</summary>
    public async Task<T> ReadAsync<T>(Func<DuckDBConnection, T> query, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        DuckDBConnection connection;
        try
        {
            connection = await _idle.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(DuckDbReaders), "The database is closed.");
        }

        try
        {
            return await Task.Run(() => query(connection), cancellationToken);
        }
        finally
        {
            // Always succeeds: the channel has room for every connection.
            _idle.Writer.TryWrite(connection);
        }
    }

    /// <summary>Copies the database as of now into a new file; the other connections go on.</summary>
    public Task<CopiedDatabase> CopyAsync(string path, CancellationToken cancellationToken) =>
        ReadAsync(connection => DatabaseCopy.Write(connection, path), cancellationToken);

    /// <summary>Waits for running reads and closes the connections; new reads wait. Calls must not overlap.</summary>
    public async Task SuspendAsync()
    {
        for (; _open > 0; _open--)
        {
            await (await _idle.Reader.ReadAsync()).DisposeAsync();
        }
    }

    /// <summary>Opens the connections after <see cref="SuspendAsync"/>.</summary>
    public void Resume()
    {
        for (; _open < _count; _open++)
        {
            _idle.Writer.TryWrite(_database.Connect());
        }
    }

    /// <summary>Waits for running reads and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, true))
        {
            return;
        }

        await SuspendAsync();
        _idle.Writer.Complete();
    }
}

/// <summary>Finds jobs in the database; concurrent lookups share queries.</summary>
internal sealed class JobDataLoader
{
    private readonly BatchLoader<JobRecord> _jobs;
    private readonly BatchLoader<Guid?> _requests;

    public JobDataLoader(DuckDbReaders readers)
    {
        _jobs = new BatchLoader<JobRecord>(jobIds => readers.ReadAsync(
            connection => connection.InSnapshot(
                () => JobRows.Find(connection, jobIds).ToDictionary(job => job.JobId)),
            CancellationToken.None));
        _requests = new BatchLoader<Guid?>(requestIds => readers.ReadAsync(
            connection => JobRows.FindRequests(connection, requestIds)
                .ToDictionary(pair => pair.Key, pair => (Guid?)pair.Value),
            CancellationToken.None));
    }

    /// <summary>Finds a job as of the latest commit; null if it does not exist.</summary>
    public Task<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken) =>
        _jobs.LoadAsync(jobId, cancellationToken);

    /// <summary>Finds the id of the job with a request id as of the latest commit; null if there is none.</summary>
    public Task<Guid?> FindByRequestIdAsync(Guid requestId, CancellationToken cancellationToken) =>
        _requests.LoadAsync(requestId, cancellationToken);
}

/// <summary>Runs statements with named parameters.</summary>
internal static class DuckDbStatements
{
    /// <summary>Runs a statement; returns the number of changed rows.</summary>
    public static int Execute(
        this DuckDBConnection connection, string sql, params IEnumerable<(string Name, object? Value)> parameters)
    {
        using var command = Command(connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>Runs a query and reads all rows.</summary>
    public static List<T> Query<T>(
        this DuckDBConnection connection,
        string sql,
        Func<DuckDBDataReader, T> read,
        params IEnumerable<(string Name, object? Value)> parameters)
    {
        using var command = Command(connection, sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>Runs a query and reads its rows until the reader returns false; a cancellation interrupts it.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static void ReadWhile(
        this DuckDBConnection connection,
        string sql,
        Func<DuckDBDataReader, bool> read,
        CancellationToken cancellationToken,
        params IEnumerable<(string Name, object? Value)> parameters)
    {
        using var command = Command(connection, sql, parameters);
        using var interruption = cancellationToken.Register(command.Cancel);
        try
        {
            using var reader = command.ExecuteReader();
            while (reader.Read() && read(reader))
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (DuckDBException failure) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The query was interrupted.", failure, cancellationToken);
        }
    }

    /// <summary>Runs several queries on one snapshot: a job and its attempts are two queries.</summary>
    public static T InSnapshot<T>(this DuckDBConnection connection, Func<T> read)
    {
        using var transaction = connection.BeginTransaction();
        var result = read();
        transaction.Commit();
        return result;
    }

    private static DuckDBCommand Command(
        DuckDBConnection connection, string sql, IEnumerable<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.Add(new DuckDBParameter(name, value ?? DBNull.Value));
        }

        return command;
    }
}
