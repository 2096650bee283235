using ForegSyte.Jobs.Cluster;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Storage.PostgreSql;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Cluster;

/// <summary>A database in PostgreSQL and a bucket, and the JobServices that a test starts on them.</summary>
public abstract class PostgresClusterFixture(SharedServers servers) : IAsyncLifetime
{
    private readonly List<RunningJobService> _services = [];
    private readonly TemporaryFolder _folder = new();
    private IReadOnlyDictionary<string, string> _bucket = new Dictionary<string, string>();

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected PostgresServer Server { get; private set; } = null!;

    /// <summary>Connection string of the database.</summary>
    private protected string Database { get; set; } = "";

    /// <summary>A data directory that outlives the node.</summary>
    private protected (string Key, string Value) DataOfOne => ("DataDirectory", _folder.File("one"));

    public async ValueTask InitializeAsync()
    {
        Server = await servers.PostgresOrSkipAsync();
        Database = await PostgresNode.CreateDatabaseAsync(Server);
        var ceph = await servers.CephOrSkipAsync();
        _bucket = ceph.Settings(await ceph.CreateBucketAsync());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services)
        {
            await service.DisposeAsync();
        }

        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static PostgresUploadOwners Owners(RunningJobService service) =>
        service.Services.GetRequiredService<PostgresUploadOwners>();

    private protected static string Text(Uri address) => address.GetLeftPart(UriPartial.Authority);

    private protected static async Task<List<string>> NodesAsync(RunningJobService service) =>
    [
        .. (await service.Client.ListNodesAsync(new(), cancellationToken: Cancellation)).Nodes
            .Select(node => $"{node.NodeName} {node.State}"),
    ];

    private protected async Task AddDeadNodeAsync(string name, string age, string storage = "S3") =>
        await Server.QueryAsync(InsertOfNode(name, age, storage), Database);

    private protected static string InsertOfNode(string name, string age, string storage = "S3") =>
        "INSERT INTO nodes (node_id, name, address, version, started_at, seen_at, draining, capacity, running_jobs, "
        + $"storage) VALUES ('{Guid.NewGuid()}', '{name}', 'http://127.0.0.1:1', '1', clock_timestamp(), "
        + $"clock_timestamp() - interval '{age}', false, 2, 0, '{storage}')";

    private protected async Task AddUploadAsync(Guid uploadId, string node, string age) => await Server.QueryAsync(
        "INSERT INTO uploads (upload_id, node, tenant, created_at) "
        + $"VALUES ('{uploadId}', '{node}', '', clock_timestamp() - interval '{age}')",
        Database);

    /// <summary>Starts a node with the bucket, or without it if the settings have another storage.</summary>
    private protected async Task<RunningJobService> StartAsync(
        string name, params (string Key, string Value)[] settings)
    {
        var bucket = settings.Any(setting => setting.Key == "Storage")
            ? []
            : _bucket.Select(setting => (setting.Key, setting.Value));
        var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(),
            [
                ("Node:Name", name), ("Node:HeartbeatInterval", "00:00:00.2"), ("Node:LostAfter", "00:02:00"),
                ("Store", "PostgreSql"), ("PostgreSql:ConnectionString", Database), .. bucket, .. settings,
            ]);
        lock (_services)
        {
            _services.Add(service);
        }

        return service;
    }

    private protected async Task StopAsync(RunningJobService service)
    {
        _services.Remove(service);
        await service.DisposeAsync();
    }
}
