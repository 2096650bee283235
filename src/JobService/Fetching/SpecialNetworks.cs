using System.Net;
using System.Net.Sockets;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// Separates addresses of the public internet from all others by IANA's special-purpose registries
/// (https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry). An address that is not
/// known to be public is special. Pure.
/// </summary>
internal static class SpecialNetworks
{
    /// <summary>NAT64 (RFC 6052): the IPv4 address is in the last four bytes.</summary>
    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>The IPv6 range for global unicast; IANA lists all other ranges as special or unused.</summary>
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private static readonly (IPNetwork Network, string Name)[] Networks =
    [
        Special("0.0.0.0/8", "this network"),
        Special("10.0.0.0/8", "private"),
        Special("100.64.0.0/10", "carrier-grade NAT"),
        Special("127.0.0.0/8", "loopback"),
        Special("168.63.129.16/32", "the platform of a cloud (Azure)"),
        Special("169.254.0.0/16", "link-local, metadata of clouds"),
        Special("172.16.0.0/12", "private"),
        Special("192.0.0.0/24", "protocol assignments"),
        Special("192.0.2.0/24", "documentation"),
        Special("192.88.99.0/24", "6to4 relays"),
        Special("192.168.0.0/16", "private"),
        Special("198.18.0.0/15", "benchmarking"),
        Special("198.51.100.0/24", "documentation"),
        Special("203.0.113.0/24", "documentation"),
        Special("224.0.0.0/4", "multicast"),
        Special("240.0.0.0/4", "reserved, broadcast"),
        Special("2001::/23", "protocol assignments, Teredo"),
        Special("2001:db8::/32", "documentation"),
        Special("2002::/16", "6to4"),
        Special("3fff::/20", "documentation"),
    ];

    /// <summary>The name of the special network of an address; null if the address is public.</summary>
    public static string? NameOf(IPAddress address)
    {
        var plain = Embedded(address) ?? address;
        if (plain.AddressFamily == AddressFamily.InterNetworkV6 && !GlobalUnicast.Contains(plain))
        {
            return plain switch
            {
                { IsIPv6LinkLocal: true } => "link-local",
                { IsIPv6UniqueLocal: true } => "unique-local",
                { IsIPv6Multicast: true } => "multicast",
                _ when IPAddress.IsLoopback(plain) => "loopback",
                _ => "not global unicast",
            };
        }

        return Networks.FirstOrDefault(special => special.Network.Contains(plain)).Name;
    }

    /// <summary>
    /// The IPv4 address that a connection to an IPv6 address reaches: ::ffff:a.b.c.d and NAT64. Null for all others.
    /// </summary>
    public static IPAddress? Embedded(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        return Translated.Contains(address) ? new IPAddress(address.GetAddressBytes().AsSpan()[12..]) : null;
    }

    private static (IPNetwork, string) Special(string network, string name) => (IPNetwork.Parse(network), name);
}
