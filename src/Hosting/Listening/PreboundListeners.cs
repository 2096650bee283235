using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Listening;

/// <summary>
/// Binds the listening sockets before Kestrel starts, while the service still waits for its predecessor to exit.
/// Clients that connect in between wait in the kernel's accept queue instead of being refused. The health port is
/// excluded, because probes must see that the service does not serve yet.
/// </summary>
/// <param name="options">The endpoints.</param>
internal sealed class PreboundListeners(IOptions<ListenerOptions> options) : IDisposable
{
    /// <summary>Length of the accept queue; Kestrel's default.</summary>
    private const int Backlog = 512;

    private readonly Dictionary<EndPoint, Socket> _bound = [];

    /// <summary>Binds every endpoint that is free and not bound yet.</summary>
    public void BindAvailable()
    {
        foreach (var endPoint in EndPoints().Where(endPoint => !_bound.ContainsKey(endPoint)))
        {
            Socket? socket = null;
            try
            {
                socket = Listener.Bind(endPoint, options.Value);
                socket.Listen(Backlog);
                _bound[endPoint] = socket;
            }
            catch (Exception inUse) when (inUse is SocketException or IOException)
            {
                // The predecessor still listens. Kestrel reports the error if that does not change.
                socket?.Dispose();
            }
        }
    }

    /// <summary>Hands the socket of an endpoint to Kestrel; null if it was not bound here.</summary>
    public Socket? Take(EndPoint endPoint) => _bound.Remove(endPoint, out var socket) ? socket : null;

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var socket in _bound.Values)
        {
            socket.Dispose();
        }

        _bound.Clear();
    }

    private IEnumerable<EndPoint> EndPoints()
    {
        // A port that the system picks is always free.
        foreach (var port in new[] { options.Value.Port, options.Value.HttpPort }.Where(port => port > 0))
        {
            yield return new IPEndPoint(IPAddress.Parse(options.Value.Address), port!.Value);
        }

        // The file may belong to the predecessor, which deletes it when it exits.
        if (options.Value.UnixSocket is { } path && !File.Exists(path))
        {
            yield return new UnixDomainSocketEndPoint(path);
        }
    }
}
