using System.Net;
using System.Net.Sockets;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// Connects to an address that was checked, and to no other: the name is resolved once for each connection, all of its
/// addresses have to be allowed, and the connection goes to one of those very addresses. A name that means something
/// else a moment later (DNS rebinding) gains nothing.
/// </summary>
internal sealed class CheckedConnector(IHostResolver resolver, AddressRules rules, ILogger<CheckedConnector> logger)
{
    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="AddressNotAllowedException">The host has an address that is not allowed.</exception>
    /// <exception cref="SocketException">The host is not known, or no address answers.</exception>
    public async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host, out var literal)
            ? [literal]
            : await resolver.ResolveAsync(host, cancellationToken);
        foreach (var address in addresses)
        {
            if (rules.RefusalOf(address) is { } refusal)
            {
                logger.LogWarning("Not connected to {Host}: {Address} is {Refusal}", host, address, refusal);
                throw new AddressNotAllowedException();
            }
        }

        return await ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken);
    }

    /// <summary>To the first address that answers.</summary>
    private static async Task<Stream> ConnectAsync(
        IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellationToken)
    {
        SocketException? last = null;
        foreach (var address in addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException failure)
            {
                last = failure;
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }
}
