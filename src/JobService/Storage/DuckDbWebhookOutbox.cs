namespace ForegSyte.Jobs.Storage;

/// <summary>
/// The outbox in DuckDB. Only one process has the database, so claims are in its memory: after a crash every message is
/// unclaimed. An expired claim hides its message no more, but stays until another one replaces it: its outcome still
/// counts, as in PostgreSQL.
/// </summary>
internal sealed class DuckDbWebhookOutbox(DuckDbWriter writer, DuckDbReaders readers) : IWebhookOutbox
{
    private const string Unclaimed = " AND delivery_id NOT IN (SELECT unnest($claimed))";

    private const string Hosts =
        $"SELECT host, min(next_try_at) FROM {WebhookRows.Table} WHERE state = 'PENDING' AND next_try_at <= $until"
        + $"{Unclaimed} GROUP BY host ORDER BY 2, 1 LIMIT $limit";

    /// <summary>How long an expired claim stays, so that claims of deleted messages do not add up.</summary>
    private static readonly TimeSpan ExpiredRetention = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, ClaimedDelivery> _claims = [];

    /// <inheritdoc />
    public Task<IReadOnlyList<WaitingHost>> ListHostsAsync(
        DateTimeOffset until, int limit, CancellationToken cancellationToken)
    {
        var claimed = Claimed(until);
        return readers.ReadAsync<IReadOnlyList<WaitingHost>>(
            connection => connection.Query(
                Hosts, WebhookRows.ReadHost,
                ("until", until.UtcDateTime), ("claimed", claimed), ("limit", limit)),
            cancellationToken);
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<ClaimedDelivery>> ClaimAsync(
        string host, int limit, DateTimeOffset now, TimeSpan lease, CancellationToken cancellationToken)
    {
        DropOld(now);
        var claimed = Claimed(now);
        var due = await readers.ReadAsync(
            connection => connection.Query(
                WebhookRows.SelectDue(WebhookRows.Names, "$", Unclaimed), WebhookRows.Read,
                ("host", host), ("now", now.UtcDateTime), ("claimed", claimed), ("limit", limit)),
            cancellationToken);
        var claims = due.ConvertAll(delivery => new ClaimedDelivery(delivery, Guid.NewGuid(), now + lease));
        lock (_lock)
        {
            // Another call can have been faster.
            claims.RemoveAll(claim =>
                _claims.TryGetValue(claim.Delivery.DeliveryId, out var held) && held.ExpiresAt > now);
            foreach (var claim in claims)
            {
                _claims[claim.Delivery.DeliveryId] = claim;
            }
        }

        return claims;
    }

    /// <inheritdoc />
    public async Task<bool> RecordAsync(
        ClaimedDelivery claim, DeliveryOutcome outcome, CancellationToken cancellationToken)
    {
        var deliveryId = claim.Delivery.DeliveryId;
        if (!Holds(claim))
        {
            return false;
        }

        var changed = await writer.ExecuteAsync(
            connection => connection.Execute(
                WebhookRows.UpdateOutcome("$"), WebhookRows.ParametersOf(deliveryId, outcome)),
            cancellationToken);
        lock (_lock)
        {
            if (Holds(claim))
            {
                _claims.Remove(deliveryId);
            }
        }

        return changed > 0;
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<DeliveryRecord>> ListAsync(Guid jobId, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<DeliveryRecord>>(
            connection => connection.Query(WebhookRows.SelectOfJob("$"), WebhookRows.Read, ("job_id", jobId)),
            cancellationToken);

    /// <inheritdoc />
    public Task<OutboxCounts> CountAsync(CancellationToken cancellationToken) => readers.ReadAsync(
        connection => connection.Query(WebhookRows.Counts, WebhookRows.ReadCounts).Single(), cancellationToken);

    private bool Holds(ClaimedDelivery claim)
    {
        lock (_lock)
        {
            return _claims.TryGetValue(claim.Delivery.DeliveryId, out var held) && held.Token == claim.Token;
        }
    }

    /// <summary>
    /// The messages that are claimed at a time, and an id that no message has: DuckDB needs a value to know the type.
    /// </summary>
    private List<Guid> Claimed(DateTimeOffset at)
    {
        lock (_lock)
        {
            return
            [
                Guid.Empty,
                .. _claims.Values.Where(claim => claim.ExpiresAt > at).Select(claim => claim.Delivery.DeliveryId),
            ];
        }
    }

    /// <summary>Drops claims that expired long ago.</summary>
    private void DropOld(DateTimeOffset now)
    {
        lock (_lock)
        {
            foreach (var claim in _claims.Values.Where(claim => claim.ExpiresAt <= now - ExpiredRetention).ToList())
            {
                _claims.Remove(claim.Delivery.DeliveryId);
            }
        }
    }
}
