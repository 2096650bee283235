using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace ForegSyte.Testing.Servers;

/// <summary>Ports of servers that keep their port over a restart.</summary>
public static class ServerPorts
{
    // Below the ports that Linux gives to outgoing connections, which could take the port of a stopped server.
    private const int First = 15_000;
    private const int AfterLast = 32_000;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>A port of the loopback on which nothing listens.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(First, AfterLast);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Another program listens there.
            }
        }
    }

    /// <summary>Returns when something listens on the port.</summary>
    /// <exception cref="InvalidOperationException">The server has ended.</exception>
    internal static async Task WaitAsync(int port, ServerProgram server, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
                return;
            }
            catch (SocketException) when (!server.Exit.IsCompleted)
            {
                await Task.Delay(PollInterval, cancellationToken);
            }
            catch (SocketException)
            {
                throw new InvalidOperationException($"The server has ended: {server.Output}");
            }
        }
    }
}
