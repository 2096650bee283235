using System.Net;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Fetching;

/// <summary>To which addresses the service connects: public ones, and those that the operator names.</summary>
internal sealed class AddressRules(IOptions<SourcesOptions> options)
{
    private readonly IPNetwork[] _allowed = [.. options.Value.AllowedNetworks.Select(IPNetwork.Parse)];

    /// <summary>Why the service does not connect to an address, for the log; null where it does.</summary>
    public string? RefusalOf(IPAddress address) => IsNamed(address) ? null : SpecialNetworks.NameOf(address);

    private bool IsNamed(IPAddress address)
    {
        var embedded = SpecialNetworks.Embedded(address);
        return _allowed.Any(network =>
            network.Contains(address) || (embedded is not null && network.Contains(embedded)));
    }
}
