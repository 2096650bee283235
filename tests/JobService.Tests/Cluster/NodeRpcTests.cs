using ForegSyte.Hosting;
using ForegSyte.Jobs.Cluster;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Cluster;

/// <summary>ListNodes, over a socket.</summary>
public sealed class NodeRpcTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ListNodes_EmbeddedStore_IsTheServiceItself()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Node:Name", "node-1"), ("Dispatch:MaxConcurrentJobs", "3"));

        var node = Assert.Single((await ListAsync(service)).Nodes);

        Assert.Equal(
            ("node-1", $"{service.Address.GetLeftPart(UriPartial.Authority)}", ServiceVersion.Text),
            (node.NodeName, node.Address, node.Version));
        Assert.Equal(
            (NodeState.Live, DrainState.NotDraining, 0, 3),
            (node.State, node.DrainState, node.RunningJobs, node.MaxRunningJobs));
        Assert.True(Guid.TryParse(node.NodeId, out _), node.NodeId);
        Assert.True(node.StartedAt <= node.SeenAt, $"{node.StartedAt} is after {node.SeenAt}.");
        var info = await service.Client.GetServerInfoAsync(new(), cancellationToken: Cancellation);
        Assert.Equal("node-1", info.ServerInfo.NodeName);
    }

    [Fact]
    public async Task ListNodes_AfterADrain_ShowsIt()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        await service.Client.DrainServerAsync(new(), cancellationToken: Cancellation);

        var node = Assert.Single((await ListAsync(service)).Nodes);

        Assert.NotEqual(DrainState.NotDraining, node.DrainState);
    }

    [Fact]
    public async Task ListNodes_SeveralPages_ReturnsEachNodeOnceInOrder()
    {
        var now = TimeProvider.System.GetUtcNow();
        var nodes = new[] { "c", "a", "b" }.Select(name => new NodeRecord(
            Guid.NewGuid(), name, new Uri("http://127.0.0.1:1"), "1", now, now, IsLive: name != "b",
            DrainState.NotDraining, 0, 1)).ToList();
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(),
            services => services.AddSingleton<ICluster>(new FixedCluster(nodes)));

        var first = await service.Client.ListNodesAsync(new() { PageSize = 2 }, cancellationToken: Cancellation);
        var second = await service.Client.ListNodesAsync(
            new() { PageSize = 2, PageToken = first.NextPageToken }, cancellationToken: Cancellation);

        Assert.Equal(
            [("a", NodeState.Live), ("b", NodeState.Lost), ("c", NodeState.Live)],
            first.Nodes.Concat(second.Nodes).Select(node => (node.NodeName, node.State)));
        Assert.Empty(second.NextPageToken);
    }

    [Theory]
    [InlineData("Node:Name", "", "Node:Name must have 1 to 100 letters")]
    [InlineData("Node:Name", "..", "Node:Name must have 1 to 100 letters")]
    [InlineData("Node:Name", "a b", "Node:Name must have 1 to 100 letters")]
    [InlineData("Node:Address", "ftp://host", "Node:Address must be an absolute http or https address")]
    [InlineData("Node:Address", "http://host:1/path", "Node:Address must be an absolute http or https address")]
    [InlineData("Node:HeartbeatInterval", "00:00:10", "Node:LostAfter must be at least three times")]
    public async Task Options_Wrong_StopTheStart(string key, string value, string message)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(
            () => RunningJobService.StartAsync(RunningJobService.NotServing(), (key, value)));

        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Node")]
    [InlineData("Inference")]
    public async Task TlsOptions_Empty_CountAsMissing(string section)
    {
        var (key, certificate) = ($"{section}:Tls:KeyFile", $"{section}:Tls:CertificateFile");
        await using (await RunningJobService.StartAsync(RunningJobService.NotServing(), (key, "")))
        {
        }

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(
            () => RunningJobService.StartAsync(RunningJobService.NotServing(), (key, "/key.pem"), (certificate, "")));

        Assert.Equal($"{key} requires {certificate}.", failure.Message);
    }

    private static async Task<ListNodesResponse> ListAsync(RunningJobService service) =>
        await service.Client.ListNodesAsync(new(), cancellationToken: Cancellation);

    private sealed class FixedCluster(IReadOnlyList<NodeRecord> nodes) : ICluster
    {
        public Guid NodeId => nodes[0].NodeId;

        public string NodeName => nodes[0].Name;

        public int LiveNodes => nodes.Count(node => node.IsLive);

        public ValueTask<IReadOnlyList<NodeRecord>> ListAsync(CancellationToken cancellationToken) => new(nodes);
    }
}
