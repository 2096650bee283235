using ForegSyte.Cluster.Running;

namespace ForegSyte.Cluster.Scenarios;

/// <summary>
/// The network of a node is cut: it keeps running, but reaches neither the database, nor S3, nor the InferenceServices.
/// </summary>
internal static class NetworkScenario
{
    /// <summary>The name on the command line.</summary>
    public const string Name = "network";

    /// <summary>Runs it in a network namespace.</summary>
    /// <returns>The report; or why it cannot run.</returns>
    public static async Task<(FaultReport? Report, string? MissingReason)> RunAsync(
        ClusterSettings settings, FaultLimits limits, CancellationToken cancellationToken)
    {
        if (settings.Store != StoreKind.PostgreSql || FaultScenarios.NeedsNodes(settings) is not null)
        {
            return (null, "it needs the store PostgreSql and two JobServices or more");
        }

        var (network, missing) = await NodeNetwork.CreateAsync();
        if (network is null)
        {
            return (null, missing);
        }

        await using (network)
        {
            await using var servers = new ClusterServers(network.HostAddress);
            var scenario = new FaultScenario(
                Name, "the network of a JobService is cut for three leases",
                (cluster, faults, run, token) => CutAsync(network, cluster, faults, run, token))
            {
                Adapt = cluster => cluster with
                {
                    Storage = StorageKind.S3,
                    HostAddress = network.HostAddress,
                    NodeAddress = index => index == 0 ? network.NodeAddress : network.HostAddress,
                    Wrapper = index => index == 0 ? network.Wrapper : [],
                    Settings = new Dictionary<string, string>(cluster.Settings)
                    {
                        ["Security:AllowAnonymous"] = "true",
                    },
                },
            };
            return (await scenario.RunAsync(settings, servers, limits, cancellationToken), null);
        }
    }

    private static async Task CutAsync(
        NodeNetwork network, RunningCluster cluster, FaultLog faults, FaultLimits limits,
        CancellationToken cancellationToken)
    {
        await Task.Delay(limits.Interval, cancellationToken);
        var node = cluster.Nodes[0];
        faults.Add($"the network of {node.Name} is cut", 0);
        node.SetReachable(false);
        await network.CutAsync();
        await Task.Delay(cluster.Settings.Lease * 3, cancellationToken);
        await network.MendAsync();
        node.SetReachable(true);
        faults.Add($"the network of {node.Name} is mended");
        await Task.Delay(limits.Interval, cancellationToken);
    }
}
