using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using CsCheck;
using ForegSyte.Jobs.Fetching;

namespace ForegSyte.Jobs.Tests.Fetching;

public sealed class SpecialNetworksTests
{
    /// <summary>
    /// IANA IPv4 Special-Purpose Address Registry
    /// (https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml): the networks
    /// whose column "Globally Reachable" is not True; then multicast (RFC 5771), which has its own registry.
    /// </summary>
    private static readonly string[] NotReachable4 =
    [
        "0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.170/32", "192.0.0.171/32", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
        "255.255.255.255/32", "224.0.0.0/4",
    ];

    /// <summary>The networks of the same registry that are globally reachable.</summary>
    private static readonly string[] Reachable4 =
    [
        "192.0.0.9/32", "192.0.0.10/32", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24",
    ];

    /// <summary>
    /// IANA IPv6 Special-Purpose Address Registry
    /// (https://www.iana.org/assignments/iana-ipv6-special-registry/iana-ipv6-special-registry.xhtml), as above; then
    /// multicast (RFC 4291), and the deprecated site-local (RFC 3879) and IPv4-compatible (RFC 4291, 2.5.5.1)
    /// addresses. Other tests cover NAT64 (64:ff9b::/96).
    /// </summary>
    private static readonly string[] NotReachable6 =
    [
        "::1/128", "::/128", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001::/32", "2001:2::/48",
        "2001:10::/28", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "ff00::/8",
        "fec0::/10", "::/96",
    ];

    /// <summary>The networks of the same registry that are globally reachable.</summary>
    private static readonly string[] Reachable6 =
    [
        "2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:3::/32", "2001:4:112::/48", "2001:20::/28",
        "2001:30::/28", "2620:4f:8000::/48",
    ];

    private static readonly Gen<byte[]> Bytes4 = Gen.Byte.Array[4];

    private static readonly Gen<byte[]> Bytes6 = Gen.Byte.Array[16];

    [Fact]
    public void NameOf_AddressesOfSpecialNetworks_IsNotNull()
    {
        Gen.Select(OneOf(NotReachable4), Bytes4).Sample(
            (network, bytes) => Assert.NotNull(SpecialNetworks.NameOf(In(network, bytes))));
        Gen.Select(OneOf(NotReachable6), Bytes6).Sample(
            (network, bytes) => Assert.NotNull(SpecialNetworks.NameOf(In(network, bytes))));
    }

    [Fact]
    public void NameOf_FirstAndLastAddressOfSpecialNetworks_IsNotNull()
    {
        foreach (var network in NotReachable4)
        {
            Assert.NotNull(SpecialNetworks.NameOf(In(network, new byte[4])));
            Assert.NotNull(SpecialNetworks.NameOf(In(network, [.. Enumerable.Repeat((byte)0xFF, 4)])));
        }

        foreach (var network in NotReachable6)
        {
            Assert.NotNull(SpecialNetworks.NameOf(In(network, new byte[16])));
            Assert.NotNull(SpecialNetworks.NameOf(In(network, [.. Enumerable.Repeat((byte)0xFF, 16)])));
        }
    }

    [Fact]
    public void NameOf_OtherIpv4_IsNull()
    {
        // The address of Azure's platform is refused although it is not in the registry.
        string[] special = [.. NotReachable4, .. Reachable4, "168.63.129.16/32"];
        Bytes4.Where(bytes => !special.Any(network => IsIn(new IPAddress(bytes), network)))
            .Sample(bytes => Assert.Null(SpecialNetworks.NameOf(new IPAddress(bytes))));
    }

    [Fact]
    public void NameOf_OtherGlobalUnicastIpv6_IsNull()
    {
        string[] special = [.. NotReachable6, .. Reachable6];
        Bytes6.Select(bytes => In("2000::/3", bytes))
            .Where(address => !special.Any(network => IsIn(address, network)))
            .Sample(address => Assert.Null(SpecialNetworks.NameOf(address)));
    }

    [Fact]
    public void NameOf_OtherThanGlobalUnicastIpv6_IsNotNull() =>
        Bytes6.Select(bytes => new IPAddress(bytes))
            .Where(address => !IsIn(address, "2000::/3") && !IsIn(address, "64:ff9b::/96")
                && !address.IsIPv4MappedToIPv6)
            .Sample(address => Assert.NotNull(SpecialNetworks.NameOf(address)));

    [Fact]
    public void NameOf_MappedAndTranslatedIpv4_IsThatOfTheIpv4() =>
        Gen.Select(Bytes4, OneOf([.. NotReachable4, "0.0.0.0/0"])).Sample((bytes, network) =>
        {
            var plain = In(network, bytes);
            var name = SpecialNetworks.NameOf(plain);
            Assert.Equal(name, SpecialNetworks.NameOf(plain.MapToIPv6()));
            Assert.Equal(name, SpecialNetworks.NameOf(WithPrefix("64:ff9b::", plain)));
        });

    [Theory]
    [InlineData("2002:a00:1::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2001:0:53aa:64c:0:fbff:3fff:fdd2")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:0:127.0.0.1")]
    [InlineData("64:ff9b:1::a00:1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("169.254.169.254")]
    [InlineData("fd00:ec2::254")]
    [InlineData("100.100.100.200")]
    [InlineData("168.63.129.16")]
    [InlineData("192.0.0.192")]
    [InlineData("fe80::1%1")]
    public void NameOf_AddressesOfThisMachineAndOfMetadataServices_IsNotNull(string address) =>
        Assert.NotNull(SpecialNetworks.NameOf(IPAddress.Parse(address)));

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("64:ff9b::7f00:1", true)]
    [InlineData("127.0.0.2", false)]
    [InlineData("10.1.2.3", true)]
    [InlineData("10.2.2.3", false)]
    [InlineData("fd00:1::5", true)]
    [InlineData("fd00:2::5", false)]
    [InlineData("1.1.1.1", true)]
    public void RefusalOf_NamedNetworks_IsNullForThoseOnly(string address, bool isAllowed)
    {
        var rules = new AddressRules(["127.0.0.1/32", "10.1.0.0/16", "fd00:1::/64"]);

        Assert.Equal(isAllowed, rules.RefusalOf(IPAddress.Parse(address)) is null);
    }

    private static Gen<string> OneOf(string[] networks) =>
        Gen.Int[0, networks.Length - 1].Select(index => networks[index]);

    /// <summary>The address of a network with these bits after the prefix.</summary>
    private static IPAddress In(string network, byte[] bits)
    {
        var (start, length) = Parse(network);
        var bytes = start.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] |= (byte)(bits[bit / 8] & (0x80 >> (bit % 8)));
        }

        return new IPAddress(bytes);
    }

    /// <summary>Whether an address is in a network; compares numbers, unlike the code under test.</summary>
    private static bool IsIn(IPAddress address, string network)
    {
        var (start, length) = Parse(network);
        var shift = (address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128) - length;
        return start.AddressFamily == address.AddressFamily && Number(start) >> shift == Number(address) >> shift;
    }

    private static (IPAddress Start, int Length) Parse(string network)
    {
        var slash = network.IndexOf('/', StringComparison.Ordinal);
        return (IPAddress.Parse(network[..slash]), int.Parse(network[(slash + 1)..], CultureInfo.InvariantCulture));
    }

    private static BigInteger Number(IPAddress address) =>
        new(address.GetAddressBytes(), isUnsigned: true, isBigEndian: true);

    private static IPAddress WithPrefix(string prefix, IPAddress plain) =>
        new([.. IPAddress.Parse(prefix).GetAddressBytes()[..12], .. plain.GetAddressBytes()]);
}
