using System.Net.Sockets;

namespace ForegSyte.Hosting.Outbound;

/// <summary>Connects calls to a Unix domain socket, for addresses such as unix:/run/foregsyte/inference.sock.</summary>
public static class UnixSocketCalls
{
    /// <summary>URI scheme.</summary>
    public const string Scheme = "unix";

    /// <summary>Placeholder for the host, which Unix sockets do not have.</summary>
    public static readonly Uri Placeholder = new("http://localhost");

    /// <summary>Creates a callback that connects to the socket of an address.</summary>
    public static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> ConnectTo(Uri address) =>
        async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(address.LocalPath), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
}
