using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace ForegSyte.Hosting.Connections;

/// <summary>
/// A connection with what <see cref="ConnectionTable"/> knows of it. The table's lock guards all of it.
/// </summary>
internal sealed class TrackedConnection
{
    private readonly ConnectionContext _connection;

    public TrackedConnection(ConnectionContext connection)
    {
        _connection = connection;
        Node = new LinkedListNode<TrackedConnection>(this);
    }

    /// <summary>Its place among the idle connections.</summary>
    public LinkedListNode<TrackedConnection> Node { get; }

    /// <summary>Calls under way.</summary>
    public int Calls { get; set; }

    /// <summary>When its last call ended, or it was accepted: a timestamp of the table's clock.</summary>
    public long IdleSince { get; set; }

    /// <summary>Whether it ever had a call.</summary>
    public bool WasUsed { get; set; }

    /// <summary>Whether it counts no longer.</summary>
    public bool IsGone { get; set; }

    /// <summary>Tells the other side to open another connection for new calls; those under way go on.</summary>
    public void Drain() => _connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();

    /// <summary>Closes it at once.</summary>
    public void Abort(string why) => _connection.Abort(new ConnectionAbortedException(why));
}
