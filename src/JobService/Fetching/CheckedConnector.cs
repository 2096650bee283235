using System.Net;
using System.Net.Sockets;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// Connects to checked addresses only: it resolves the name once for each connection, requires that all its addresses
/// are allowed, and connects to one of these. A name that resolves differently a moment later (DNS rebinding) gains
/// nothing.
/// </summary>
internal sealed class CheckedConnector(IHostResolver resolver, AddressRules rules, ILogger<CheckedConnector> logger)
{
    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="AddressNotAllowedException">An address of the host is not allowed.</exception>
    /// <exception cref="SocketException">The host is unknown, or no address accepts the connection.</exception>
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
                logger.LogWarning("Connection to {Host} refused: {Address} is {Refusal}", host, address, refusal);
                throw new AddressNotAllowedException();
            }
        }

        return await ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken);
    }

    /// <summary>Connects to the first address that accepts.</summary>
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

/// <summary>An address of the host is not allowed. Only the log has the address.</summary>
internal sealed class AddressNotAllowedException() : Exception("The host has an address that is not allowed.");

/// <summary>Allows public addresses, and those of some other networks.</summary>
/// <param name="networks">The other networks in CIDR notation, for example those of Sources:AllowedNetworks.</param>
internal sealed class AddressRules(IEnumerable<string> networks)
{
    private readonly IPNetwork[] _allowed = [.. networks.Select(IPNetwork.Parse)];

    /// <summary>Why an address is not allowed, for the log; null if it is allowed.</summary>
    public string? RefusalOf(IPAddress address) => IsListed(address) ? null : SpecialNetworks.NameOf(address);

    private bool IsListed(IPAddress address)
    {
        var embedded = SpecialNetworks.Embedded(address);
        return _allowed.Any(network =>
            network.Contains(address) || (embedded is not null && network.Contains(embedded)));
    }
}

/// <summary>Resolves the names of hosts.</summary>
internal interface IHostResolver
{
    /// <summary>Returns the addresses of a host, at least one.</summary>
    /// <exception cref="SocketException">The host is unknown.</exception>
    Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken);
}

/// <summary>Resolves names as the operating system does: /etc/hosts, DNS.</summary>
internal sealed class SystemHostResolver : IHostResolver
{
    /// <inheritdoc />
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken) =>
        await Dns.GetHostAddressesAsync(host, cancellationToken);
}
