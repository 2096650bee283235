using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Connections;

/// <summary>
/// The open connections. Where there are too many, the one that has been idle for the longest time makes room: so those
/// who only hold connections open, half open ones among them, cannot keep out a caller who calls.
/// </summary>
internal sealed class ConnectionTable(IOptions<ConnectionOptions> options, TimeProvider time)
{
    private readonly Lock _lock = new();

    /// <summary>Connections without a call, the one that has been so for the longest time first.</summary>
    private readonly LinkedList<TrackedConnection> _idle = new();
    private int _count;

    /// <summary>Open connections, those not counted that are being closed to make room.</summary>
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

    /// <summary>Takes a new connection in; null where every place is taken by one that has a call.</summary>
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

    /// <summary>A call begins on the connection.</summary>
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

    /// <summary>A call on the connection is over.</summary>
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

    /// <summary>The connection is closed.</summary>
    public void Remove(TrackedConnection connection)
    {
        lock (_lock)
        {
            Forget(connection);
        }
    }

    /// <summary>Closes the connections that have been without a call for longer than this.</summary>
    public void AbortIdle(TimeSpan limit)
    {
        while (TakeIdle(limit) is { } connection)
        {
            connection.Abort("The connection had no call for too long.");
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

    /// <summary>Called with the lock held.</summary>
    private void AddIdle(TrackedConnection connection)
    {
        connection.IdleSince = time.GetTimestamp();
        _idle.AddLast(connection.Node);
    }

    /// <summary>Called with the lock held.</summary>
    private void Forget(TrackedConnection connection)
    {
        if (!connection.IsGone)
        {
            connection.IsGone = true;
            connection.Node.List?.Remove(connection.Node);
            _count--;
        }
    }

    /// <summary>One that was used belongs to a client, which is told; any other is just closed.</summary>
    private static void MakeRoom(TrackedConnection? evicted)
    {
        if (evicted is { WasUsed: true })
        {
            evicted.Drain();
        }
        else
        {
            evicted?.Abort("The connection had no call and another one needs its place.");
        }
    }
}
