using System.Data.Common;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.PostgreSql;
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
    IOptions<NodeOptions> options,
    TimeProvider time,
    ILogger<PostgresCluster> logger) : BackgroundService, ICluster
{
    /// <summary>Heartbeats without which a predecessor of the same name counts as ended.</summary>
    private const int PredecessorBeats = 3;

    private const string All =
        """
        SELECT node_id, name, address, version, started_at, seen_at, seen_at > clock_timestamp() - @lost_after,
            draining, running_jobs, capacity
        FROM nodes ORDER BY name, node_id
        """;

    private const string Beat =
        """
        INSERT INTO nodes
            (node_id, name, address, version, started_at, seen_at, draining, capacity, running_jobs)
        VALUES
            (@node_id, @name, @address, @version, @started_at, clock_timestamp(), @draining, @capacity, @running_jobs)
        ON CONFLICT (node_id) DO UPDATE SET address = excluded.address, seen_at = clock_timestamp(),
            draining = excluded.draining, running_jobs = excluded.running_jobs
        """;

    private volatile IReadOnlyList<NodeRecord> _nodes = [];
    private bool _isAway;
    private bool _isNameTaken;

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

    /// <summary>Joins the cluster before the service accepts calls.</summary>
    /// <exception cref="DatabaseException">Another live node has the same name.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await WaitForPredecessorAsync(cancellationToken);
        await BeatAsync(cancellationToken);
        logger.LogInformation(
            "Node {Node} joined the cluster as {NodeId}; live nodes: {Count}", NodeName, NodeId, LiveNodes);
        await base.StartAsync(cancellationToken);
    }

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
    /// Renews the row of this node and reads all rows. The leader removes those of nodes that are lost for long.
    /// </summary>
    internal async Task BeatAsync(CancellationToken cancellationToken)
    {
        var self = node.Describe(time.GetUtcNow());
        _nodes = await database.WriteAsync(
            async (connection, token) =>
            {
                await connection.ExecuteAsync(
                    Beat, token,
                    ("node_id", self.NodeId), ("name", self.Name), ("address", AddressText(self.Address)),
                    ("version", self.Version), ("started_at", self.StartedAt.UtcDateTime),
                    ("draining", self.Drain != DrainState.NotDraining), ("capacity", self.MaxRunningJobs),
                    ("running_jobs", self.RunningJobs));
                if (leadership.IsLeader)
                {
                    await connection.ExecuteAsync(
                        "DELETE FROM nodes WHERE seen_at <= clock_timestamp() - @forget_after", token,
                        ("forget_after", options.Value.ForgetAfter));
                }

                return await connection.QueryAsync(All, Read, token, ("lost_after", options.Value.LostAfter));
            },
            cancellationToken);
        var isNameTaken = _nodes.Any(each => each.IsLive && each.Name == NodeName && each.NodeId != NodeId);
        if (isNameTaken && !_isNameTaken)
        {
            logger.LogError(
                "Another live node has the name {Node} (option Node:Name). Stop one of them: uploads belong to names",
                NodeName);
        }

        _isNameTaken = isNameTaken;
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
    /// Waits until a node of the same name, which may have been killed a moment ago, is certainly not alive, and
    /// removes its row.
    /// </summary>
    private async Task WaitForPredecessorAsync(CancellationToken cancellationToken)
    {
        var silence = options.Value.HeartbeatInterval * PredecessorBeats;
        DateTime? seen = null;
        while (await PredecessorAsync(silence, cancellationToken) is var (address, seenAt))
        {
            if (seen is not null && seen != seenAt)
            {
                throw new DatabaseException(
                    $"The node {NodeName} is alive{(address.Length == 0 ? "" : $" at {address}")} in the database "
                    + $"{database.Name}, and names must be unique. Set Node:Name, or stop that node.");
            }

            if (seen is null)
            {
                logger.LogInformation(
                    "Waiting for up to {Time} to see whether the previous process of node {Node} has ended", silence,
                    NodeName);
            }

            seen = seenAt;
            await Task.Delay(options.Value.HeartbeatInterval / 2, time, cancellationToken);
        }
    }

    /// <summary>A node of the same name with a recent heartbeat; removes the rows of those without one.</summary>
    private async Task<(string Address, DateTime SeenAt)?> PredecessorAsync(
        TimeSpan silence, CancellationToken cancellationToken)
    {
        var alive = await database.WriteAsync(
            async (connection, token) =>
            {
                await connection.ExecuteAsync(
                    "DELETE FROM nodes WHERE name = @name AND seen_at <= clock_timestamp() - @silence", token,
                    ("name", NodeName), ("silence", silence));
                return await connection.QueryAsync(
                    "SELECT address, seen_at FROM nodes WHERE name = @name ORDER BY seen_at DESC LIMIT 1",
                    reader => (reader.GetString(0), reader.GetDateTime(1)), token, ("name", NodeName));
            },
            cancellationToken);
        return alive.Count == 0 ? null : alive[0];
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

    /// <summary>The address in a row; null for none.</summary>
    internal static Uri? AddressOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) ? address : null;
}
