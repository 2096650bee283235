using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Listening;

/// <summary>
/// The listening sockets of a service that waits for the one before it to end. It takes them as soon as that one lets
/// go of them, so that callers who come in between wait in the kernel's queue instead of being refused; Kestrel gets
/// them when it starts. The port of health checks is left out: who asks there is to learn that nothing serves yet.
/// </summary>
/// <param name="options">Where to listen.</param>
internal sealed class PreboundListeners(IOptions<ListenerOptions> options) : IDisposable
{
    /// <summary>Connections that may wait, as Kestrel has it by default.</summary>
    private const int Backlog = 512;

    private readonly Dictionary<EndPoint, Socket> _held = [];

    /// <summary>Takes the sockets that can be had and are not held yet.</summary>
    public void Hold()
    {
        foreach (var endPoint in EndPoints().Where(endPoint => !_held.ContainsKey(endPoint)))
        {
            Socket? socket = null;
            try
            {
                socket = Listener.Bind(endPoint, options.Value);
                socket.Listen(Backlog);
                _held[endPoint] = socket;
            }
            catch (Exception inUse) when (inUse is SocketException or IOException)
            {
                // The service before this one listens there still. Kestrel says so if it does at the end as well.
                socket?.Dispose();
            }
        }
    }

    /// <summary>Hands over the socket of an end point; null where none is held.</summary>
    public Socket? Take(EndPoint endPoint) => _held.Remove(endPoint, out var socket) ? socket : null;

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var socket in _held.Values)
        {
            socket.Dispose();
        }

        _held.Clear();
    }

    private IEnumerable<EndPoint> EndPoints()
    {
        // A port that the system chooses is nobody else's.
        foreach (var port in new[] { options.Value.Port, options.Value.HttpPort }.Where(port => port > 0))
        {
            yield return new IPEndPoint(IPAddress.Parse(options.Value.Address), port!.Value);
        }

        // A file that is there may be listened on, and the process that made it removes it when it ends.
        if (options.Value.UnixSocket is { } path && !File.Exists(path))
        {
            yield return new UnixDomainSocketEndPoint(path);
        }
    }
}
