using System.Globalization;
using System.Security.Cryptography;
using CliWrap;
using CliWrap.Buffered;

namespace ForegSyte.Cluster.Running;

/// <summary>A network namespace for one node, joined to this machine by a cable that can be cut.</summary>
internal sealed class NodeNetwork : IAsyncDisposable
{
    private readonly string _namespace;
    private readonly string _hostEnd;

    private NodeNetwork()
    {
        // Names of interfaces have at most 15 characters.
        var number = RandomNumberGenerator.GetInt32(0, 1 << 16);
        var id = number.ToString("x4", CultureInfo.InvariantCulture);
        (_namespace, _hostEnd) = ($"foregsyte-{id}", $"fs{id}h");
        var network = string.Create(CultureInfo.InvariantCulture, $"10.{200 + (number % 50)}.{number >> 8}");
        (HostAddress, NodeAddress) = ($"{network}.1", $"{network}.2");
    }

    /// <summary>Address of this machine.</summary>
    public string HostAddress { get; }

    /// <summary>Address of the node.</summary>
    public string NodeAddress { get; }

    /// <summary>Command that starts a process in the namespace.</summary>
    public string[] Wrapper => ["ip", "netns", "exec", _namespace];

    /// <summary>Creates the namespace.</summary>
    /// <returns>The network; or why there can be none.</returns>
    public static async Task<(NodeNetwork? Network, string? MissingReason)> CreateAsync()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return (null, "network namespaces need root");
        }

        var network = new NodeNetwork();
        var nodeEnd = network._hostEnd[..^1] + "n";
        string[] commands =
        [
            $"netns add {network._namespace}",
            $"link add {network._hostEnd} type veth peer name {nodeEnd} netns {network._namespace}",
            $"addr add {network.HostAddress}/24 dev {network._hostEnd}",
            $"link set {network._hostEnd} up",
            $"-n {network._namespace} link set lo up",
            $"-n {network._namespace} addr add {network.NodeAddress}/24 dev {nodeEnd}",
            $"-n {network._namespace} link set {nodeEnd} up",
        ];
        foreach (var command in commands)
        {
            if (await RunAsync(command) is { } problem)
            {
                await network.DisposeAsync();
                return (null, $"network namespaces are not available ({problem})");
            }
        }

        return (network, null);
    }

    /// <summary>Cuts the cable: packets are lost without an answer.</summary>
    public Task CutAsync() => SetAsync("down");

    /// <summary>Mends the cable.</summary>
    public Task MendAsync() => SetAsync("up");

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        // Deleting the namespace deletes the cable.
        await RunAsync($"netns del {_namespace}");
        await RunAsync($"link del {_hostEnd}");
    }

    private async Task SetAsync(string state)
    {
        if (await RunAsync($"link set {_hostEnd} {state}") is { } problem)
        {
            throw new InvalidOperationException($"The cable is not {state}: {problem}");
        }
    }

    /// <summary>Runs ip; returns what went wrong, or null.</summary>
    private static async Task<string?> RunAsync(string arguments)
    {
        try
        {
            var result = await Cli.Wrap("ip").WithArguments(arguments)
                .WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync();
            return result.ExitCode == 0 ? null : result.StandardError.Trim();
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return missing.Message;
        }
    }
}
