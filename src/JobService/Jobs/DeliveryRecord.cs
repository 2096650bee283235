using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>A message about a job to one receiver, as the outbox holds it. Immutable.</summary>
internal sealed record DeliveryRecord
{
    /// <summary>
    /// Number of messages that the outbox keeps of a job that was retried; with more, the oldest are dropped, sent or
    /// not. A job that was not retried has at most two for each receiver.
    /// </summary>
    public const int MaxStoredOfJob = 100;

    /// <summary>The id of the message, the same in every try.</summary>
    public required Guid DeliveryId { get; init; }

    public required Guid JobId { get; init; }

    /// <summary>The tenant of the job; empty without tenants.</summary>
    public string Tenant { get; init; } = "";

    /// <summary>Name of the configured endpoint; empty if the submission named the address.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>The address with its query, which can contain a secret.</summary>
    public required string Uri { get; init; }

    /// <summary>Host and port, for the limits of each receiver.</summary>
    public required string Host { get; init; }

    public required WebhookEvent Event { get; init; }

    /// <summary>How much of the job is in <see cref="JobJson"/>.</summary>
    public JobExtent Extent { get; init; }

    /// <summary>The job after the event as canonical JSON; empty after the last try.</summary>
    public string JobJson { get; init; } = "";

    /// <summary>When the event happened.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    public WebhookDeliveryState State { get; init; } = WebhookDeliveryState.Pending;

    /// <summary>Number of tries that ended.</summary>
    public int Tries { get; init; }

    /// <summary>The earliest next try; null unless it is pending.</summary>
    public DateTimeOffset? NextTryAt { get; init; }

    /// <summary>Why the latest try failed; callers see it. Empty if it did not.</summary>
    public string ErrorMessage { get; init; } = "";
}

/// <summary>How much of a job a message contains: less, if all of it is too long.</summary>
internal enum JobExtent
{
    /// <summary>The view FULL.</summary>
    Full,

    /// <summary>The view BASIC.</summary>
    Basic,

    /// <summary>Only id, status, pipeline, tenant, times and etag.</summary>
    Reference,
}

/// <summary>A message that one node sends until a time; then another node can claim it.</summary>
/// <param name="Delivery">The message.</param>
/// <param name="Token">Identifies the claim.</param>
/// <param name="ExpiresAt">The end of the claim by the store's clock.</param>
internal sealed record ClaimedDelivery(DeliveryRecord Delivery, Guid Token, DateTimeOffset ExpiresAt);

/// <summary>What follows a try.</summary>
/// <param name="State">The state of the message.</param>
/// <param name="NextTryAt">The next try; null unless the state is pending.</param>
/// <param name="ErrorMessage">Why the try failed; empty if it did not.</param>
/// <param name="Counts">Whether the try counts.</param>
internal sealed record DeliveryOutcome(
    WebhookDeliveryState State, DateTimeOffset? NextTryAt = null, string ErrorMessage = "", bool Counts = true);

/// <summary>A host that messages wait for.</summary>
/// <param name="Host">Host and port.</param>
/// <param name="NextTryAt">The earliest try of a message that no node has claimed.</param>
internal sealed record WaitingHost(string Host, DateTimeOffset NextTryAt);

/// <summary>The messages that are not delivered yet.</summary>
/// <param name="Pending">Their number.</param>
/// <param name="OldestCreatedAt">When the oldest was created; null without any.</param>
internal sealed record OutboxCounts(int Pending, DateTimeOffset? OldestCreatedAt)
{
    public static readonly OutboxCounts None = new(0, null);
}

/// <summary>
/// The durable queue of messages to webhooks. A commit that starts or ends a job adds its messages
/// (<see cref="WebhookRoutes"/>), so none is lost and none is about a change that was undone; deleting a job deletes
/// its messages. Times are by the store's clock.
/// </summary>
internal interface IWebhookOutbox
{
    /// <summary>The hosts of unclaimed messages whose next try is at most at a time, earliest first.</summary>
    Task<IReadOnlyList<WaitingHost>> ListHostsAsync(
        DateTimeOffset until, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Claims messages to a host that are due, earliest first, for a time in which no other node gets them. The end of
    /// a job waits for the first try of its start to the same address.
    /// </summary>
    Task<IReadOnlyList<ClaimedDelivery>> ClaimAsync(
        string host, int limit, DateTimeOffset now, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>
    /// Records the outcome of a try and ends the claim. Returns false and changes nothing if the claim expired and the
    /// message was claimed again, or if it is gone.
    /// </summary>
    Task<bool> RecordAsync(ClaimedDelivery claim, DeliveryOutcome outcome, CancellationToken cancellationToken);

    /// <summary>The messages about a job, oldest first, without <see cref="DeliveryRecord.JobJson"/>.</summary>
    Task<IReadOnlyList<DeliveryRecord>> ListAsync(Guid jobId, CancellationToken cancellationToken);

    /// <summary>Counts the messages that are not delivered yet.</summary>
    Task<OutboxCounts> CountAsync(CancellationToken cancellationToken);
}
