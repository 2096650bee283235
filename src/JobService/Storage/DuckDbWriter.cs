using System.Threading.Channels;
using DuckDB.NET.Data;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// The one writer of the process. Changes wait in a bounded channel and are made one after the other, each in a
/// transaction of its own, so two changes of a row never conflict and no retry is needed.
/// </summary>
/// <remarks>
/// DuckDB has no asynchronous calls. However many calls are in flight, writing blocks one thread of the pool; the
/// callers await. This is the place for group commit: whoever commits several waiting changes in one transaction
/// changes
/// <see cref="RunAsync"/> and nothing above it.
/// </remarks>
internal sealed class DuckDbWriter : IAsyncDisposable
{
    private readonly DuckDBConnection _connection;
    private readonly Channel<IPendingWrite> _pending;
    private readonly Task _running;

    public DuckDbWriter(DuckDbDatabase database, IOptions<DatabaseOptions> options)
    {
        _connection = database.Connect();
        _pending = Channel.CreateBounded<IPendingWrite>(
            new BoundedChannelOptions(options.Value.WriteQueueCapacity) { SingleReader = true });
        _running = Task.Run(RunAsync);
    }

    /// <summary>
    /// Runs statements in a transaction; when the task completes, they are durable. What they throw rolls all of them
    /// back and reaches the caller. A call that is cancelled before its turn changes nothing; one that has begun
    /// completes, since its outcome could not be told otherwise.
    /// </summary>
    public async Task<T> WriteAsync<T>(Func<DuckDBConnection, T> statements, CancellationToken cancellationToken)
    {
        var write = new PendingWrite<T>(statements);
        await using var registration = cancellationToken.Register(() => write.TryCancel(cancellationToken));
        try
        {
            await _pending.Writer.WriteAsync(write, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(DuckDbWriter), "The database is closed.");
        }

        return await write.Completion;
    }

    /// <summary>Makes the changes that wait, then closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _pending.Writer.TryComplete();
        await _running;
        await _connection.DisposeAsync();
    }

    private async Task RunAsync()
    {
        await foreach (var write in _pending.Reader.ReadAllAsync())
        {
            write.Run(_connection);
        }
    }
}
