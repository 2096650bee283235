using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Uploads;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Cluster;

/// <summary>
/// The owners of uploads, in a table. Each node compares its rows with its uploads from time to time: it adds the
/// uploads that it kept over a restart, and removes the rows of those that are gone. The leader removes those of
/// forgotten nodes.
/// </summary>
internal sealed class PostgresUploadOwners(
    PostgresDatabase database,
    UploadStore uploads,
    ICluster cluster,
    ILeadership leadership,
    IOptions<NodeOptions> options,
    TimeProvider time,
    ILogger<PostgresUploadOwners> logger) : BackgroundService, IUploadOwners
{
    private const string Owner =
        """
        SELECT uploads.node, uploads.tenant, coalesce(owner.address, ''), coalesce(owner.is_live, false)
        FROM uploads LEFT JOIN LATERAL (
            SELECT address, seen_at > clock_timestamp() - @lost_after AS is_live
            FROM nodes WHERE name = uploads.node ORDER BY seen_at DESC LIMIT 1) AS owner ON true
        """;

    /// <summary>Adds a row unless the upload, or one of the same tenant and request_id, has one.</summary>
    private const string Add =
        """
        INSERT INTO uploads (upload_id, node, tenant, request_id, created_at)
        VALUES (@upload_id, @node, @tenant, @request_id, clock_timestamp()) ON CONFLICT DO NOTHING
        """;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <inheritdoc />
    public async ValueTask<bool> TryAddAsync(UploadRecord upload, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            async (connection, token) =>
            {
                // An upload of this node that ended a moment ago no longer holds its request_id.
                await connection.ExecuteAsync(
                    "DELETE FROM uploads WHERE tenant = @tenant AND request_id = @request_id AND node = @node "
                    + "AND upload_id <> @upload_id",
                    token, ParametersOf(upload));
                await connection.ExecuteAsync(Add, token, ParametersOf(upload));
                var own = await connection.QueryAsync(
                    "SELECT 1 FROM uploads WHERE upload_id = @upload_id AND node = @node", reader => reader.GetInt32(0),
                    token, ("upload_id", upload.UploadId), ("node", cluster.NodeName));
                return own.Count > 0;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<UploadOwner?> FindAsync(Guid uploadId, CancellationToken cancellationToken) =>
        FindAsync("WHERE upload_id = @upload_id", cancellationToken, ("upload_id", uploadId));

    /// <inheritdoc />
    public ValueTask<UploadOwner?> FindByRequestAsync(
        string tenant, Guid requestId, CancellationToken cancellationToken) =>
        FindAsync(
            "WHERE tenant = @tenant AND request_id = @request_id", cancellationToken, ("tenant", tenant),
            ("request_id", requestId));

    /// <summary>
    /// Makes the rows of this node those of its uploads. Changes nothing if the node has no row itself: another process
    /// may have its name now.
    /// </summary>
    internal async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        var held = uploads.Records.ToList();
        await database.WriteAsync(
            async (connection, token) =>
            {
                // The row is locked so that such a process must wait to join.
                var self = await connection.QueryAsync(
                    "SELECT 1 FROM nodes WHERE node_id = @node_id FOR KEY SHARE", reader => reader.GetInt32(0), token,
                    ("node_id", cluster.NodeId));
                if (self.Count == 0)
                {
                    return 0;
                }

                // A row is added after its upload, so a young one may belong to an upload that is not in the list yet.
                await connection.ExecuteAsync(
                    "DELETE FROM uploads WHERE node = @node AND NOT (upload_id = ANY(@held)) "
                    + "AND created_at <= clock_timestamp() - @age",
                    token, ("node", cluster.NodeName), ("held", held.ConvertAll(upload => upload.UploadId)),
                    ("age", Interval));
                foreach (var upload in held)
                {
                    await connection.ExecuteAsync(Add, token, ParametersOf(upload));
                }

                return leadership.IsLeader
                    ? await connection.ExecuteAsync(
                        "DELETE FROM uploads WHERE created_at <= clock_timestamp() - @forget_after "
                        + "AND NOT EXISTS (SELECT FROM nodes WHERE nodes.name = uploads.node)",
                        token, ("forget_after", options.Value.ForgetAfter))
                    : 0;
            },
            cancellationToken);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ReconcileAsync(stoppingToken);
                await Task.Delay(Interval, time, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                logger.LogWarning("The uploads of this node could not be recorded: {Error}", failure.Message);
                await Task.Delay(options.Value.HeartbeatInterval, time, stoppingToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async ValueTask<UploadOwner?> FindAsync(
        string condition, CancellationToken cancellationToken, params (string, object?)[] parameters)
    {
        var owners = await database.ReadAsync(
            (connection, token) => connection.QueryAsync(
                $"{Owner} {condition}",
                reader => new UploadOwner(
                    reader.GetString(0), PostgresCluster.AddressOf(reader.GetString(2)), reader.GetBoolean(3),
                    reader.GetString(1)),
                token, [("lost_after", options.Value.LostAfter), .. parameters]),
            cancellationToken);
        return owners.FirstOrDefault();
    }

    private (string, object?)[] ParametersOf(UploadRecord upload) =>
    [
        ("upload_id", upload.UploadId), ("node", cluster.NodeName), ("tenant", upload.Tenant),
        ("request_id", upload.RequestId),
    ];
}
