namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>
/// The outbox in PostgreSQL. A claim is in the row: until it expires, the message is not due, so another node takes
/// over what a node that ended or was suspended claimed.
/// </summary>
internal sealed class PostgresWebhookOutbox(PostgresDatabase database) : IWebhookOutbox
{
    /// <summary>
    /// The hosts, each found by one search in the index (a loose index scan), so that the time does not grow with the
    /// number of messages.
    /// </summary>
    private const string Hosts =
        $"WITH RECURSIVE hosts AS ((SELECT host, next_try_at FROM {WebhookRows.Table} WHERE state = 'PENDING' "
        + "ORDER BY host, next_try_at LIMIT 1) UNION ALL SELECT later.host, later.next_try_at FROM hosts, LATERAL ("
        + $"SELECT host, next_try_at FROM {WebhookRows.Table} WHERE state = 'PENDING' AND host > hosts.host "
        + "ORDER BY host, next_try_at LIMIT 1) AS later) "
        + "SELECT host, next_try_at FROM hosts WHERE next_try_at <= @until ORDER BY next_try_at, host LIMIT @limit";

    private static readonly string Claim =
        $"WITH claimed AS MATERIALIZED ({WebhookRows.SelectDue("due.delivery_id", "@")} "
        + $"FOR UPDATE OF due SKIP LOCKED) UPDATE {WebhookRows.Table} SET claim_token = @token, "
        + "next_try_at = @expires_at FROM claimed "
        + $"WHERE {WebhookRows.Table}.delivery_id = claimed.delivery_id RETURNING {WebhookRows.Returning}";

    /// <inheritdoc />
    public Task<IReadOnlyList<WaitingHost>> ListHostsAsync(
        DateTimeOffset until, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<WaitingHost>>(
            async (connection, token) => await connection.QueryAsync(
                Hosts, WebhookRows.ReadHost, token,
                ("until", until.UtcDateTime), ("limit", limit)),
            cancellationToken);

    /// <inheritdoc />
    public async Task<IReadOnlyList<ClaimedDelivery>> ClaimAsync(
        string host, int limit, DateTimeOffset now, TimeSpan lease, CancellationToken cancellationToken)
    {
        var (token, expiresAt) = (Guid.NewGuid(), JobPrecision.Cut(now + lease));
        var claimed = await database.WriteAsync(
            (connection, cancellation) => connection.QueryAsync(
                Claim, WebhookRows.Read, cancellation, ("host", host), ("now", now.UtcDateTime), ("limit", limit),
                ("token", token), ("expires_at", expiresAt.UtcDateTime)),
            cancellationToken);
        return
        [
            .. claimed.OrderBy(delivery => delivery.CreatedAt)
                .Select(delivery => new ClaimedDelivery(delivery, token, expiresAt)),
        ];
    }

    /// <inheritdoc />
    public async Task<bool> RecordAsync(
        ClaimedDelivery claim, DeliveryOutcome outcome, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            (connection, token) => connection.ExecuteAsync(
                WebhookRows.UpdateOutcome("@", " AND claim_token = @token"), token,
                [.. WebhookRows.ParametersOf(claim.Delivery.DeliveryId, outcome), ("token", claim.Token)]),
            cancellationToken) > 0;

    /// <inheritdoc />
    public Task<IReadOnlyList<DeliveryRecord>> ListAsync(Guid jobId, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<DeliveryRecord>>(
            async (connection, token) => await connection.QueryAsync(
                WebhookRows.SelectOfJob("@"), WebhookRows.Read, token, ("job_id", jobId)),
            cancellationToken);

    /// <inheritdoc />
    public async Task<OutboxCounts> CountAsync(CancellationToken cancellationToken) => (await database.ReadAsync(
        (connection, token) => connection.QueryAsync(WebhookRows.Counts, WebhookRows.ReadCounts, token),
        cancellationToken)).Single();
}
