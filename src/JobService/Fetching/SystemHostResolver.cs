using System.Net;

namespace ForegSyte.Jobs.Fetching;

/// <summary>Asks as the system does: /etc/hosts, DNS.</summary>
internal sealed class SystemHostResolver : IHostResolver
{
    /// <inheritdoc />
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken) =>
        await Dns.GetHostAddressesAsync(host, cancellationToken);
}
