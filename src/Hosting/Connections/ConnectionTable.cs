using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Connections;

/// <summary>
/// The open connections. At the limit it evicts the longest idle connection, so that clients that only hold connections
/// open cannot keep others out.
/// </summary>
internal sealed class ConnectionTable(IOptions<ConnectionOptions> options, TimeProvider time)
{
    private readonly Lock _lock = new();

    /// <summary>Connections without a call, longest idle first.</summary>
    private readonly LinkedList<TrackedConnection> _idle = new();
    private int _count;

    /// <summary>Number of open connections, excluding those that are being evicted.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    /// <summary>Adds a connection; null if the limit is reached and no connection is idle.</summary>
    public TrackedConnection? Admit(ConnectionContext connection)
    {
        var admitted = new TrackedConnection(connection);
        TrackedConnection? evicted = null;
        lock (_lock)
        {
            if (_count >= options.Value.MaxConnections)
            {
                evicted = _idle.First?.Value;
                if (evicted is null)
                {
                    return null;
                }

                Forget(evicted);
            }

            _count++;
            AddIdle(admitted);
        }

        MakeRoom(evicted);
        return admitted;
    }

    public void CallBegan(TrackedConnection connection)
    {
        lock (_lock)
        {
            connection.WasUsed = true;
            if (connection.Calls++ == 0 && !connection.IsGone)
            {
                _idle.Remove(connection.Node);
            }
        }
    }

    public void CallEnded(TrackedConnection connection)
    {
        lock (_lock)
        {
            if (--connection.Calls == 0 && !connection.IsGone)
            {
                AddIdle(connection);
            }
        }
    }

    public void Remove(TrackedConnection connection)
    {
        lock (_lock)
        {
            Forget(connection);
        }
    }

    /// <summary>Closes the connections that have been idle for longer than the limit.</summary>
    public void AbortIdle(TimeSpan limit)
    {
        while (TakeIdle(limit) is { } connection)
        {
            connection.Abort("The connection was idle for too long.");
        }
    }

    private TrackedConnection? TakeIdle(TimeSpan limit)
    {
        lock (_lock)
        {
            if (_idle.First?.Value is not { } oldest || time.GetElapsedTime(oldest.IdleSince) <= limit)
            {
                return null;
            }

            Forget(oldest);
            return oldest;
        }
    }

    /// <summary>Requires the lock.</summary>
    private void AddIdle(TrackedConnection connection)
    {
        connection.IdleSince = time.GetTimestamp();
        _idle.AddLast(connection.Node);
    }

    /// <summary>Requires the lock.</summary>
    private void Forget(TrackedConnection connection)
    {
        if (!connection.IsGone)
        {
            connection.IsGone = true;
            connection.Node.List?.Remove(connection.Node);
            _count--;
        }
    }

    /// <summary>Sends GOAWAY to a connection that a client has used, and aborts any other.</summary>
    private static void MakeRoom(TrackedConnection? evicted)
    {
        if (evicted is { WasUsed: true })
        {
            evicted.Drain();
        }
        else
        {
            evicted?.Abort("The connection was idle and the connection limit is reached.");
        }
    }
}

/// <summary>A connection with its state in the <see cref="ConnectionTable"/>, guarded by the table's lock.</summary>
internal sealed class TrackedConnection
{
    private readonly ConnectionContext _connection;

    public TrackedConnection(ConnectionContext connection)
    {
        _connection = connection;
        Node = new LinkedListNode<TrackedConnection>(this);
    }

    /// <summary>Node in the list of idle connections.</summary>
    public LinkedListNode<TrackedConnection> Node { get; }

    /// <summary>Number of running calls.</summary>
    public int Calls { get; set; }

    /// <summary>Timestamp of the end of the last call, or of the accept.</summary>
    public long IdleSince { get; set; }

    /// <summary>Whether the connection ever had a call.</summary>
    public bool WasUsed { get; set; }

    /// <summary>Whether the table no longer counts the connection.</summary>
    public bool IsGone { get; set; }

    /// <summary>Asks the client to use another connection for new calls (GOAWAY); running calls continue.</summary>
    public void Drain() => _connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();

    public void Abort(string why) => _connection.Abort(new ConnectionAbortedException(why));
}
