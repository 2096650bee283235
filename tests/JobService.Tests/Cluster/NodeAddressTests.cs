using ForegSyte.Hosting.Listening;
using ForegSyte.Jobs.Cluster;

namespace ForegSyte.Jobs.Tests.Cluster;

public sealed class NodeAddressTests
{
    [Theory]
    [InlineData("127.0.0.1", 5200, false, "http://127.0.0.1:5200/")]
    [InlineData("0.0.0.0", 5200, true, "https://machine:5200/")]
    [InlineData("::", 5200, false, "http://machine:5200/")]
    [InlineData("::1", 5200, false, "http://[::1]:5200/")]
    [InlineData("127.0.0.1", 0, false, "http://127.0.0.1:4711/")]
    [InlineData("127.0.0.1", null, false, null)]
    public void Of_IsWhereOtherNodesReachTheGrpcPort(string address, int? port, bool isEncrypted, string? expected)
    {
        var listener = new ListenerOptions { Address = address, Port = port };

        var actual = NodeAddress.Of(
            listener, isEncrypted, "machine", ["http://127.0.0.1:4711", "http://127.0.0.1:4712"]);

        Assert.Equal(expected, actual?.ToString());
    }

    [Fact]
    public void Of_PortOfTheSystemBeforeTheStart_IsUnknown() => Assert.Null(
        NodeAddress.Of(new ListenerOptions { Port = 0 }, isEncrypted: false, "machine", []));
}
