using System.Data.Common;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Uploads;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Cluster;

/// <summary>
/// The nodes that share a database in PostgreSQL. Each has a row, which its heartbeat renews by the database's clock;
/// a node whose heartbeats are missing for <see cref="NodeOptions.LostAfter"/> is lost.
/// </summary>
internal sealed class PostgresCluster(
    PostgresDatabase database,
    LocalNode node,
    ILeadership leadership,
    UploadFolderLock folder,
    IConfiguration configuration,
    IOptions<NodeOptions> options,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<PostgresCluster> logger) : BackgroundService, IHostedLifecycleService, ICluster
{
    /// <summary>Key of the advisory lock under which nodes join; the letters "fsjoinno".</summary>
    internal const long JoinLock = 0x66736A6F696E6E6F;

    /// <summary>Heartbeats without which a predecessor of the same name counts as ended.</summary>
    private const int PredecessorBeats = 3;

    private const string All =
        """
        SELECT node_id, name, address, version, started_at, seen_at, seen_at > clock_timestamp() - @lost_after,
            draining, running_jobs, capacity
        FROM nodes ORDER BY name, node_id
        """;

    /// <summary>Changes nothing if the node is lost, because another one may have taken its place.</summary>
    private const string Renew =
        """
        UPDATE nodes SET address = @address, seen_at = clock_timestamp(), draining = @draining,
            running_jobs = @running_jobs
        WHERE node_id = @node_id AND seen_at > clock_timestamp() - @lost_after
        """;

    private const string TakeLock = "SELECT pg_advisory_xact_lock(@key)";

    private const string RemoveEnded =
        """
        DELETE FROM nodes
        WHERE name = @name AND node_id <> @node_id AND seen_at <= clock_timestamp() - @silence
        """;

    private const string Conflicting =
        """
        SELECT name, address, seen_at FROM nodes
        WHERE node_id <> @node_id AND (name = @name
            OR @local IN (storage, @storage) AND seen_at > clock_timestamp() - @lost_after)
        ORDER BY seen_at DESC LIMIT 1
        """;

    private const string Add =
        """
        INSERT INTO nodes
            (node_id, name, address, version, started_at, seen_at, draining, capacity, running_jobs, storage)
        VALUES
            (@node_id, @name, @address, @version, @started_at, clock_timestamp(), @draining, @capacity, @running_jobs,
            @storage)
        ON CONFLICT (node_id) DO UPDATE SET address = excluded.address, seen_at = clock_timestamp(),
            draining = excluded.draining, running_jobs = excluded.running_jobs
        """;

    private readonly string _storage = StorageKinds.Of(configuration).ToString();
    private volatile IReadOnlyList<NodeRecord> _nodes = [];
    private bool _isAway;

    private TimeSpan Silence => options.Value.HeartbeatInterval * PredecessorBeats;

    /// <inheritdoc />
    public Guid NodeId => node.NodeId;

    /// <inheritdoc />
    public string NodeName => node.Name;

    /// <inheritdoc />
    public int LiveNodes => Math.Max(1, _nodes.Count(each => each.IsLive));

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<NodeRecord>> ListAsync(CancellationToken cancellationToken) =>
        await database.ReadAsync(
            (connection, token) => connection.QueryAsync(
                All, Read, token, ("lost_after", options.Value.LostAfter)),
            cancellationToken);

    /// <summary>Joins the cluster before any other service starts, so that a refused node does nothing.</summary>
    /// <exception cref="DatabaseException">
    /// Another live node has the same name, one of two has its artifacts in local files, or another process uses the
    /// folder of the uploads.
    /// </exception>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        folder.Take();
        await JoinAsync(cancellationToken);
        logger.LogInformation(
            "Node {Node} joined the cluster as {NodeId}; live nodes: {Count}", NodeName, NodeId, LiveNodes);
    }

    /// <inheritdoc />
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Leaves the cluster.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await database.WriteAsync(
                (connection, token) => connection.ExecuteAsync(
                    "DELETE FROM nodes WHERE node_id = @node_id", token, ("node_id", NodeId)),
                cancellationToken);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // The others notice the missing heartbeats.
            logger.LogWarning("Node {Node} could not leave the cluster: {Error}", NodeName, failure.Message);
        }
    }

    /// <summary>
    /// Renews the row of this node and reads all rows; the leader removes those of nodes that are lost for long. A node
    /// that was lost joins again, and stops if another one took its place.
    /// </summary>
    internal async Task BeatAsync(CancellationToken cancellationToken)
    {
        if (await BeatOrJoinAsync(cancellationToken) is { } conflict)
        {
            logger.LogCritical(
                "Node {Node} was lost and cannot rejoin the cluster; the process stops. {Reason}", NodeName,
                ReasonOf(conflict));
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(options.Value.HeartbeatInterval, time, stoppingToken);
                await BeatAsync(stoppingToken);
                LogOutage(isAway: false, "");
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // The last known nodes stay in use; the jobs of this node depend on their leases, not on this.
                LogOutage(isAway: true, failure.Message);
            }
        }
    }

    /// <summary>
    /// Adds the row of this node, after a wait until a node that it conflicts with, which may have been killed a moment
    /// ago, is certainly not alive.
    /// </summary>
    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        DateTime? seen = null;
        while (await BeatOrJoinAsync(cancellationToken) is { } other)
        {
            if (other.SeenAt > seen)
            {
                throw new DatabaseException(ReasonOf(other));
            }

            if (seen is null)
            {
                logger.LogInformation(
                    "Waiting for up to {Time} to see whether the process of node {Node} has ended",
                    other.Name == NodeName ? Silence : options.Value.LostAfter, other.Name);
            }

            seen = other.SeenAt;
            await Task.Delay(options.Value.HeartbeatInterval / 2, time, cancellationToken);
        }
    }

    /// <summary>
    /// Renews the row of a live node. Adds that of any other, one node at a time, unless it conflicts with a node that
    /// may be alive, which is returned.
    /// </summary>
    private async Task<Conflict?> BeatOrJoinAsync(CancellationToken cancellationToken)
    {
        var self = node.Describe(time.GetUtcNow());
        (string, object?)[] values =
        [
            ("node_id", self.NodeId), ("name", self.Name), ("address", AddressText(self.Address)),
            ("version", self.Version), ("started_at", self.StartedAt.UtcDateTime),
            ("draining", self.Drain != DrainState.NotDraining), ("capacity", self.MaxRunningJobs),
            ("running_jobs", self.RunningJobs), ("storage", _storage), ("local", nameof(StorageKind.Local)),
            ("silence", Silence), ("lost_after", options.Value.LostAfter),
        ];
        var (conflict, nodes) = await database.WriteAsync<(Conflict?, IReadOnlyList<NodeRecord>)>(
            async (connection, token) =>
            {
                if (await connection.ExecuteAsync(Renew, token, values) == 0)
                {
                    await connection.QueryAsync(TakeLock, _ => 0, token, ("key", JoinLock));
                    await connection.ExecuteAsync(RemoveEnded, token, values);
                    if (await connection.QueryAsync(Conflicting, ReadConflict, token, values) is [var other])
                    {
                        return (other, _nodes);
                    }

                    await connection.ExecuteAsync(Add, token, values);
                }

                if (leadership.IsLeader)
                {
                    await connection.ExecuteAsync(
                        "DELETE FROM nodes WHERE seen_at <= clock_timestamp() - @forget_after", token,
                        ("forget_after", options.Value.ForgetAfter));
                }

                return (null, await connection.QueryAsync(All, Read, token, values));
            },
            cancellationToken);
        _nodes = nodes;
        return conflict;
    }

    private string ReasonOf(Conflict other)
    {
        var alive = $"The node {other.Name} is alive{(other.Address.Length == 0 ? "" : $" at {other.Address}")} in the "
            + $"database {database.Name}, and ";
        return other.Name == NodeName
            ? $"{alive}names must be unique. Set Node:Name, or stop that node."
            : $"{alive}{(_storage == nameof(StorageKind.Local) ? "this node" : "it")} has Storage=Local, with which a "
                + "JobService must be the only one. Set Storage=S3 at every node, or stop that node.";
    }

    private void LogOutage(bool isAway, string error)
    {
        if (isAway && !_isAway)
        {
            logger.LogWarning("The heartbeat of node {Node} failed: {Error}", NodeName, error);
        }
        else if (!isAway && _isAway)
        {
            logger.LogInformation("The heartbeat of node {Node} works again", NodeName);
        }

        _isAway = isAway;
    }

    private static string AddressText(Uri? address) => address?.GetLeftPart(UriPartial.Authority) ?? "";

    private static NodeRecord Read(DbDataReader reader)
    {
        var (isDraining, running) = (reader.GetBoolean(7), reader.GetInt32(8));
        return new NodeRecord(
            reader.GetGuid(0),
            reader.GetString(1),
            AddressOf(reader.GetString(2)),
            reader.GetString(3),
            new DateTimeOffset(reader.GetDateTime(4)),
            new DateTimeOffset(reader.GetDateTime(5)),
            reader.GetBoolean(6),
            !isDraining ? DrainState.NotDraining : running > 0 ? DrainState.Draining : DrainState.Drained,
            running,
            reader.GetInt32(9));
    }

    private static Conflict ReadConflict(DbDataReader reader) =>
        new(reader.GetString(0), reader.GetString(1), reader.GetDateTime(2));

    /// <summary>The address in a row; null for none.</summary>
    internal static Uri? AddressOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) ? address : null;

    /// <summary>A node that may be alive and beside which this one cannot be.</summary>
    private sealed record Conflict(string Name, string Address, DateTime SeenAt);
}
