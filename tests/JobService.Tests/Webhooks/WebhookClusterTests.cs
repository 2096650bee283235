using ForegSyte.Jobs.Tests.Storage.PostgreSql;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Webhooks;

/// <summary>Several senders on one PostgreSQL.</summary>
public sealed class WebhookClusterTests(SharedServers servers) : IAsyncLifetime
{
    private readonly List<PostgresNode> _nodes = [];
    private readonly List<SenderHarness> _senders = [];
    private string _connectionString = "";
    private WebhookReceiver? _receiver;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private WebhookReceiver Receiver => _receiver!;

    public async ValueTask InitializeAsync()
    {
        _connectionString = await PostgresNode.CreateDatabaseAsync(await servers.PostgresOrSkipAsync());
        _receiver = await WebhookReceiver.StartAsync();
    }

    [Fact]
    public async Task Messages_OfTwoNodes_AreSentOnceEach()
    {
        var (one, two) = (await StartNodeAsync(), await StartNodeAsync());

        var jobs = await Task.WhenAll(Enumerable.Range(0, 40).Select(i =>
            SenderHarness.AddEndedAsync((i % 2 == 0 ? one : two).Store, Receiver.UriOf())));

        foreach (var job in jobs)
        {
            await one.Outbox.DeliveredAsync(job);
        }

        Assert.Equal(40, Receiver.Messages.Count);
        Assert.Equal(40, Receiver.Messages.Select(message => message.Id).Distinct().Count());
    }

    [Fact]
    public async Task Messages_ThatASuspendedNodeClaimed_AreSentByAnother()
    {
        var suspended = AddNode();
        var job = await SenderHarness.AddEndedAsync(suspended.Store, Receiver.UriOf());
        var claim = Assert.Single(await suspended.Outbox.ClaimAsync(
            $"127.0.0.1:{Receiver.Port}", 1, suspended.Store.Now, TimeSpan.FromMilliseconds(500), Cancellation));

        var other = await StartNodeAsync();
        var delivered = await other.Outbox.DeliveredAsync(job);

        Assert.Equal(claim.Delivery.DeliveryId, delivered.DeliveryId);
        Assert.False(
            await suspended.Outbox.RecordAsync(
                claim, new DeliveryOutcome(WebhookDeliveryState.Failed, ErrorMessage: "late"), Cancellation),
            "The node that was suspended changed the message of another one.");
        Assert.Equal(delivered, await other.Outbox.DeliveredAsync(job));
        Assert.Single(Receiver.Messages);
    }

    [Fact]
    public async Task Messages_OfANodeThatEnds_AreSentByAnother()
    {
        var ending = AddNode();
        var jobs = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ =>
            SenderHarness.AddEndedAsync(ending.Store, Receiver.UriOf())));

        var other = await StartNodeAsync();

        foreach (var job in jobs)
        {
            await other.Outbox.DeliveredAsync(job);
        }

        Assert.Equal(5, Receiver.Messages.Count);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var sender in _senders)
        {
            await sender.DisposeAsync();
        }

        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        if (_receiver is not null)
        {
            await _receiver.DisposeAsync();
        }
    }

    private PostgresNode AddNode()
    {
        var node = new PostgresNode(_connectionString);
        _nodes.Add(node);
        return node;
    }

    private async Task<PostgresNode> StartNodeAsync()
    {
        var node = AddNode();
        var sender = new SenderHarness();
        _senders.Add(sender);
        sender.Allow(Receiver.Port);
        await sender.StartAsync(node.Store, node.Outbox);
        return node;
    }
}
