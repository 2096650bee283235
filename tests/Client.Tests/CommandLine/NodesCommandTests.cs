using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class NodesCommandTests : IAsyncLifetime
{
    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Nodes_Always_ShowsStateAndJobs()
    {
        AnswerNodes();

        var run = await CommandLineRun.OnAsync(_server, "nodes");

        Assert.Equal(0, run.ExitCode);
        Assert.Matches("node-1 +.*live +.*2/4 +.*http://10.0.0.7:5200", run.Output);
        Assert.Matches("node-2 +.*lost", run.Output);
        Assert.Matches("node-3 +.*draining", run.Output);
        Assert.Contains("2026-01-31 12:00:00Z", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_Json_HasOneMessageForEachNode()
    {
        AnswerNodes();

        var run = await CommandLineRun.OnAsync(_server, "nodes", "--json");

        using var document = System.Text.Json.JsonDocument.Parse(run.Output);
        Assert.Equal(
            ["node-1", "node-2", "node-3"],
            document.RootElement.GetProperty("nodes").EnumerateArray()
                .Select(node => node.GetProperty("node_name").GetString()));
    }

    private void AnswerNodes() => _server.Service.Nodes.Answer(new ListNodesResponse
    {
        Nodes =
        {
            new Node
            {
                NodeName = "node-1",
                Address = "http://10.0.0.7:5200",
                State = NodeState.Live,
                RunningJobs = 2,
                MaxRunningJobs = 4,
                SeenAt = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTime(
                    new DateTime(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc)),
            },
            new Node { NodeName = "node-2", State = NodeState.Lost, DrainState = DrainState.Draining },
            new Node { NodeName = "node-3", State = NodeState.Live, DrainState = DrainState.Draining },
        },
    });
}
