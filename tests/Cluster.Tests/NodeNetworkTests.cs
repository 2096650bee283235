using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CliWrap;
using ForegSyte.Cluster.Running;

namespace ForegSyte.Cluster.Tests;

/// <summary>The network of a node can be cut and mended.</summary>
public sealed class NodeNetworkTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Network_CutAndMended_LosesAndCarriesConnections()
    {
        var (network, missing) = await NodeNetwork.CreateAsync();
        Assert.SkipWhen(network is null, missing ?? "");
        await using (network)
        {
            using var listener = new TcpListener(IPAddress.Parse(network.HostAddress), 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;

            Assert.True(await ConnectsAsync(network, port, 60), "The node does not reach this machine.");
            await network.CutAsync();
            Assert.False(await ConnectsAsync(network, port, 1), "The node reaches this machine without a cable.");
            await network.MendAsync();
            Assert.True(await ConnectsAsync(network, port, 60), "The node does not reach this machine again.");
        }
    }

    /// <summary>Whether a process of the node connects within a number of seconds.</summary>
    private static async Task<bool> ConnectsAsync(NodeNetwork network, int port, int seconds)
    {
        var connect = string.Create(
            CultureInfo.InvariantCulture,
            $"until (exec 3<>/dev/tcp/{network.HostAddress}/{port}) 2>/dev/null; do sleep 0.1; done");
        var limit = seconds.ToString(CultureInfo.InvariantCulture);
        string[] words = [.. network.Wrapper, "timeout", limit, "bash", "-c", connect];
        var result = await Cli.Wrap(words[0]).WithArguments(words[1..])
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(Token);
        return result.ExitCode == 0;
    }
}
