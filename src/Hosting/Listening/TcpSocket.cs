using System.Net;
using System.Net.Sockets;

namespace ForegSyte.Hosting.Listening;

/// <summary>Makes the listening socket of an address.</summary>
internal static class TcpSocket
{
    /// <summary>
    /// Binds a socket as Kestrel does by default, but leaves none behind where that fails: whoever tries again and
    /// again, as a service that waits for a port, would run out of files before the garbage collector comes.
    /// </summary>
    /// <exception cref="SocketException">It cannot be bound, as where another process listens.</exception>
    public static Socket Bind(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(endPoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
