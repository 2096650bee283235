using System.Net.Sockets;

namespace ForegSyte.Hosting.Outbound;

/// <summary>Calls over a Unix domain socket, for addresses such as unix:/run/foregsyte/inference.sock.</summary>
public static class UnixSocketCalls
{
    /// <summary>Scheme of the addresses.</summary>
    public const string Scheme = "unix";

    /// <summary>What stands in the place of a host, of which there is none.</summary>
    public static readonly Uri Placeholder = new("http://localhost");

    /// <summary>Connects to the socket of an address.</summary>
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
