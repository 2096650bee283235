using ForegSyte.Testing.Servers;

namespace ForegSyte.Cluster.Running;

/// <summary>PostgreSQL and S3, started by the first cluster that needs them; each cluster has its own data.</summary>
/// <param name="addresses">Addresses of this machine at which both listen beside the loopback.</param>
internal sealed class ClusterServers(params string[] addresses) : IAsyncDisposable
{
    private PostgresServer? _postgres;
    private PatroniCluster? _patroni;
    private CephServer? _ceph;

    /// <summary>The database server; null if no cluster has needed it.</summary>
    public PostgresServer? Postgres => _postgres;

    /// <summary>The database servers with a standby; null if no cluster has needed them.</summary>
    public PatroniCluster? Patroni => _patroni;

    /// <summary>The S3 server; null if no cluster has needed it.</summary>
    public CephServer? Ceph => _ceph;

    /// <summary>Settings of the JobServices of a new cluster.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="sharedFolder">Folder for videos and results without S3.</param>
    public async Task<IReadOnlyDictionary<string, string>> SettingsAsync(
        ClusterSettings cluster, string sharedFolder)
    {
        var settings = new Dictionary<string, string>
        {
            ["Store"] = cluster.Store.ToString(),
            ["Storage"] = cluster.Storage.ToString(),
        };
        var starting = cluster.Storage == StorageKind.S3 ? StartCephAsync() : Task.CompletedTask;
        if (cluster.HasStandby)
        {
            _patroni ??= await PatroniCluster.StartNewAsync();
            settings["PostgreSql:ConnectionString"] = await _patroni.CreateDatabaseAsync();
        }
        else if (cluster.Store == StoreKind.PostgreSql)
        {
            _postgres ??= await PostgresServer.StartNewAsync(addresses);
            settings["PostgreSql:ConnectionString"] = (await _postgres.CreateDatabaseAsync())
                .Replace("127.0.0.1", cluster.HostAddress, StringComparison.Ordinal);
        }

        await starting;
        if (cluster.Storage == StorageKind.S3)
        {
            foreach (var (name, value) in _ceph!.Settings(await _ceph.CreateBucketAsync(), cluster.HostAddress))
            {
                settings[name] = value;
            }
        }
        else
        {
            settings["Storage:Root"] = sharedFolder;
        }

        return settings;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        if (_patroni is not null)
        {
            await _patroni.DisposeAsync();
        }

        if (_ceph is not null)
        {
            await _ceph.DisposeAsync();
        }
    }

    private async Task StartCephAsync() => _ceph ??= await CephServer.StartNewAsync(addresses);
}
