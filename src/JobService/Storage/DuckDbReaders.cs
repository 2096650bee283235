using System.Threading.Channels;
using DuckDB.NET.Data;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// A fixed set of connections for reading. A read sees the latest commit and does not wait for the writer. Reads block
/// as many threads of the pool as there are connections; further readers await their turn.
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
            // Never full: the channel has a place for each connection.
            _idle.Writer.TryWrite(connection);
        }
    }

    /// <summary>
    /// Waits for the reads that run and closes the connections; further reads wait. Not to be called twice at once.
    /// </summary>
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

    /// <summary>Waits for the reads that run and closes the connections.</summary>
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
