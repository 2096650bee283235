using System.Data.Common;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>The table of the outbox and its statements, which both databases understand.</summary>
internal static class WebhookRows
{
    public const string Table = "webhook_deliveries";

    /// <summary>All columns but the claim's; the first is the key.</summary>
    private static readonly IReadOnlyList<Column<DeliveryRecord>> Values =
    [
        Make("delivery_id", row => row.DeliveryId),
        Make("job_id", row => row.JobId),
        Make("tenant", row => row.Tenant),
        Make("endpoint", row => row.Endpoint),
        Make("uri", row => row.Uri),
        Make("host", row => row.Host),
        Make("event", row => NameOf(row.Event)),
        Make("extent", row => NameOf(row.Extent)),
        Make("created_at", row => row.CreatedAt.UtcDateTime),
        Make("state", row => NameOf(row.State)),
        Make("tries", row => row.Tries),
        Make("next_try_at", row => row.NextTryAt?.UtcDateTime),
        Make("error_message", row => row.ErrorMessage),
        Make("job_json", row => row.JobJson.Length == 0 ? null : row.JobJson),
    ];

    /// <summary>All columns; only databases of several nodes use claim_token.</summary>
    public static readonly IReadOnlyList<Column<DeliveryRecord>> Columns =
        [.. Values, Make("claim_token", Guid? (_) => null)];

    /// <summary>The columns that <see cref="Read"/> reads.</summary>
    public static readonly string Names = string.Join(", ", Values.Select(column => column.Name));

    /// <summary>The columns that <see cref="Read"/> reads, of a statement that changes rows.</summary>
    public static readonly string Returning =
        string.Join(", ", Values.Select(column => $"{Table}.{column.Name}"));

    /// <summary>The counts of <see cref="ReadCounts"/>.</summary>
    public const string Counts = $"SELECT count(*), min(created_at) FROM {Table} WHERE state = 'PENDING'";

    /// <summary>The query for the messages of a job, oldest first, without their bodies.</summary>
    /// <param name="prefix">What precedes the name of a parameter.</param>
    public static string SelectOfJob(string prefix) =>
        $"SELECT {string.Join(", ", Values.SkipLast(1).Select(column => column.Name))}, NULL AS job_json FROM {Table} "
        + $"WHERE job_id = {prefix}job_id ORDER BY created_at, endpoint, delivery_id";

    /// <summary>
    /// The query for messages to a host that are due, earliest first. A message waits for the first try of an earlier
    /// one about the same job to the same receiver.
    /// </summary>
    /// <param name="columns">The columns, of the table due.</param>
    /// <param name="prefix">What precedes the name of a parameter.</param>
    /// <param name="condition">A further condition, which begins with AND; empty for none.</param>
    public static string SelectDue(string columns, string prefix, string condition = "") =>
        $"SELECT {columns} FROM {Table} AS due WHERE state = 'PENDING' AND host = {prefix}host "
        + $"AND next_try_at <= {prefix}now{condition} AND NOT EXISTS (SELECT 1 FROM {Table} AS earlier "
        + "WHERE earlier.job_id = due.job_id AND earlier.endpoint = due.endpoint AND earlier.uri = due.uri "
        + "AND earlier.state = 'PENDING' AND earlier.tries = 0 AND earlier.created_at < due.created_at) "
        + $"ORDER BY next_try_at, created_at, delivery_id LIMIT {prefix}limit";

    /// <summary>The statement that records the outcome of a try and drops the body after the last one.</summary>
    /// <param name="prefix">What precedes the name of a parameter.</param>
    /// <param name="condition">A further condition, which begins with AND; empty for none.</param>
    public static string UpdateOutcome(string prefix, string condition = "") =>
        $"UPDATE {Table} SET state = {prefix}state, next_try_at = {prefix}next_try_at, tries = tries + {prefix}counts, "
        + $"error_message = {prefix}error_message, claim_token = NULL, "
        + $"job_json = CASE WHEN {prefix}state = 'PENDING' THEN job_json END "
        + $"WHERE delivery_id = {prefix}delivery_id AND state = 'PENDING'{condition}";

    /// <summary>The parameters of <see cref="UpdateOutcome"/>.</summary>
    public static (string Name, object? Value)[] ParametersOf(Guid deliveryId, DeliveryOutcome outcome) =>
    [
        ("delivery_id", deliveryId),
        ("state", NameOf(outcome.State)),
        ("next_try_at", outcome.NextTryAt is { } next ? JobPrecision.Cut(next).UtcDateTime : null),
        ("counts", outcome.Counts ? 1 : 0),
        ("error_message", outcome.ErrorMessage),
    ];

    /// <summary>The statement that drops the oldest messages of jobs above a limit.</summary>
    /// <param name="areJobs">The condition on job_id, after it.</param>
    /// <param name="prefix">What precedes the name of a parameter.</param>
    public static string DeleteOldest(string areJobs, string prefix) =>
        $"DELETE FROM {Table} WHERE delivery_id IN (SELECT delivery_id FROM (SELECT delivery_id, row_number() OVER ("
        + $"PARTITION BY job_id ORDER BY created_at DESC, delivery_id) AS place FROM {Table} WHERE job_id {areJobs}) "
        + $"AS ranked WHERE place > {prefix}limit)";

    /// <summary>
    /// The jobs with new messages that can have more than <see cref="DeliveryRecord.MaxStoredOfJob"/>: those that were
    /// retried.
    /// </summary>
    public static List<Guid> JobsToTrim(IReadOnlyList<DeliveryRecord> messages, ChangeSet changes)
    {
        if (messages.Count == 0)
        {
            return [];
        }

        var jobIds = messages.Select(message => message.JobId).ToHashSet();
        return
        [
            .. changes.NewJobs.Concat(changes.ChangedJobs)
                .Where(job => job.QueuedAt > job.CreatedAt && jobIds.Contains(job.JobId))
                .Select(job => job.JobId),
        ];
    }

    /// <summary>Reads a message with all columns but the claim's.</summary>
    public static DeliveryRecord Read(DbDataReader reader) => new()
    {
        DeliveryId = reader.GetGuid(0),
        JobId = reader.GetGuid(1),
        Tenant = reader.GetString(2),
        Endpoint = reader.GetString(3),
        Uri = reader.GetString(4),
        Host = reader.GetString(5),
        Event = Enum.Parse<WebhookEvent>(reader.GetString(6), ignoreCase: true),
        Extent = Enum.Parse<JobExtent>(reader.GetString(7), ignoreCase: true),
        CreatedAt = Instant(reader, 8),
        State = Enum.Parse<WebhookDeliveryState>(reader.GetString(9), ignoreCase: true),
        Tries = reader.GetInt32(10),
        NextTryAt = reader.IsDBNull(11) ? null : Instant(reader, 11),
        ErrorMessage = reader.GetString(12),
        JobJson = reader.IsDBNull(13) ? "" : reader.GetString(13),
    };

    /// <summary>Reads a row of host and time of the next try.</summary>
    public static WaitingHost ReadHost(DbDataReader reader) => new(reader.GetString(0), Instant(reader, 1));

    /// <summary>Reads the row of <see cref="Counts"/>.</summary>
    public static OutboxCounts ReadCounts(DbDataReader reader) =>
        new((int)reader.GetInt64(0), reader.IsDBNull(1) ? null : Instant(reader, 1));

    private static Column<DeliveryRecord> Make<TValue>(string name, Func<DeliveryRecord, TValue> value) =>
        JobColumns.Make(name, value);

    private static string NameOf<TEnum>(TEnum value)
        where TEnum : struct, Enum => value.ToString().ToUpperInvariant();

    private static DateTimeOffset Instant(DbDataReader reader, int column) =>
        new(reader.GetDateTime(column), TimeSpan.Zero);
}
