using System.Data.Common;
using ForegSyte.Jobs.Queue;
using ForegSyte.V1;
using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>Writes change sets: a fixed number of statements in one batch, however many rows there are.</summary>
/// <param name="ageingStep"><see cref="QueueOptions.AgeingStep"/>, on which the rank of a job depends.</param>
internal sealed class PostgresTables(TimeSpan ageingStep)
{
    private static readonly PostgresTable<AttemptRow> Attempts = new("attempts", JobColumns.Attempts, keyLength: 2);
    private static readonly PostgresTable<RequestRow> Requests = new("request_ids", JobColumns.Requests, keyLength: 1);
    private static readonly PostgresTable<DeliveryRecord> Deliveries =
        new(WebhookRows.Table, WebhookRows.Columns, keyLength: 1);

    private static readonly IReadOnlyList<Column<AttemptRow>> ChangingAttempts = [.. JobColumns.Attempts.Skip(2)];

    private readonly PostgresTable<JobRecord> _jobs = new("jobs", [.. JobColumns.Jobs, Rank(ageingStep)], keyLength: 1);
    private readonly IReadOnlyList<Column<JobRecord>> _changing = [.. JobColumns.Changing, Rank(ageingStep)];

    /// <summary>
    /// Adds the statements that write a change set. Returns the one that adds request ids and how many; another node
    /// can have added the same id, and then it adds fewer.
    /// </summary>
    public (NpgsqlBatchCommand? Command, int Count) Write(NpgsqlBatch batch, ChangeSet changes)
    {
        Delete(batch, changes);
        _jobs.Insert(batch, changes.NewJobs);
        _jobs.Update(batch, changes.ChangedJobs, _changing);
        Attempts.Insert(batch, changes.NewAttempts);
        Attempts.Update(batch, changes.ChangedAttempts, ChangingAttempts);
        PostgresSearchTables.Queue(batch, changes.CompletedJobs);

        // In one order for all nodes: two that add the same ids wait for each other otherwise.
        return changes.NewRequests.Count == 0
            ? (null, 0)
            : (Requests.InsertNew(batch, [.. changes.NewRequests.OrderBy(row => row.RequestId)]),
                changes.NewRequests.Count);
    }

    /// <summary>Adds the statements that add messages to the outbox.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="messages">The messages that the changes cause.</param>
    /// <param name="changes">The changes.</param>
    public static void Write(NpgsqlBatch batch, IReadOnlyList<DeliveryRecord> messages, ChangeSet changes)
    {
        Deliveries.Insert(batch, messages);
        if (WebhookRows.JobsToTrim(messages, changes) is { Count: > 0 } jobIds)
        {
            batch.Add(
                WebhookRows.DeleteOldest("= ANY(@job_ids)", "@"), ("job_ids", jobIds),
                ("limit", DeliveryRecord.MaxStoredOfJob));
        }
    }

    private static void Delete(NpgsqlBatch batch, ChangeSet changes)
    {
        if (changes.DeletedJobs.Count > 0)
        {
            foreach (var table in (string[])["attempts", "job_segments_failed", WebhookRows.Table, "jobs"])
            {
                batch.Add($"DELETE FROM {table} WHERE job_id = ANY(@job_ids)", ("job_ids", changes.DeletedJobs));
            }

            PostgresSearchTables.Delete(batch, changes.DeletedJobs);
        }

        if (changes.DeletedAttempts.Count > 0)
        {
            batch.Add(
                "DELETE FROM attempts USING unnest(@job_ids, @numbers) AS deleted (job_id, number) "
                + "WHERE attempts.job_id = deleted.job_id AND attempts.number = deleted.number",
                ("job_ids", changes.DeletedAttempts.Select(row => row.JobId).ToList()),
                ("numbers", changes.DeletedAttempts.Select(row => row.Attempt.Number).ToList()));
        }

        if (changes.DeletedRequests.Count > 0)
        {
            // Only while the id belongs to the job: an id that was forgotten can have moved to another one.
            batch.Add(
                "DELETE FROM request_ids USING unnest(@request_ids, @job_ids) AS deleted (request_id, job_id) "
                + "WHERE request_ids.request_id = deleted.request_id AND request_ids.job_id = deleted.job_id",
                ("request_ids", changes.DeletedRequests.Select(row => row.RequestId).ToList()),
                ("job_ids", changes.DeletedRequests.Select(row => row.JobId).ToList()));
        }

        if (changes.Tombstones.Count > 0)
        {
            batch.Add(
                "INSERT INTO deleted_jobs (job_id, deleted_at) SELECT job_id, clock_timestamp() "
                + "FROM unnest(@job_ids) AS job_id ON CONFLICT DO NOTHING",
                ("job_ids", changes.Tombstones.ToList()));
        }
    }

    private static Column<JobRecord> Rank(TimeSpan ageingStep)
    {
        DateTime Of(JobRecord job) => QueueRank.Of(job, ageingStep).UtcDateTime;
        return new Column<JobRecord>("queue_rank", job => Of(job), jobs => jobs.Select(Of).ToList());
    }
}

/// <summary>What the changes of a commit add to the usage of each tenant.</summary>
internal static class UsageChanges
{
    /// <summary>Adds the statement that adds the changes to the writer's rows.</summary>
    public static void Write(NpgsqlBatch batch, Guid writer, IReadOnlyList<JobCommit> commits)
    {
        var changes = Of(commits);
        if (changes.Count > 0)
        {
            batch.Add(
                "INSERT INTO tenant_usage (tenant, writer_id, jobs, pending, video_bytes, result_bytes) "
                + "SELECT tenant, @writer, jobs, pending, video_bytes, result_bytes "
                + "FROM unnest(@tenants, @jobs, @pending, @video_bytes, @result_bytes) "
                + "AS added (tenant, jobs, pending, video_bytes, result_bytes) "
                + "ON CONFLICT (tenant, writer_id) DO UPDATE SET jobs = tenant_usage.jobs + excluded.jobs, "
                + "pending = tenant_usage.pending + excluded.pending, "
                + "video_bytes = tenant_usage.video_bytes + excluded.video_bytes, "
                + "result_bytes = tenant_usage.result_bytes + excluded.result_bytes",
                ("writer", writer),
                ("tenants", changes.Select(change => change.Tenant).ToList()),
                ("jobs", changes.Select(change => change.Jobs).ToList()),
                ("pending", changes.Select(change => change.Pending).ToList()),
                ("video_bytes", changes.Select(change => change.VideoBytes).ToList()),
                ("result_bytes", changes.Select(change => change.ResultBytes).ToList()));
        }
    }

    /// <summary>The sums of the changes of each tenant, without those that change nothing. Pure.</summary>
    public static IReadOnlyList<TenantUsage> Of(IReadOnlyList<JobCommit> commits) =>
    [
        .. commits.GroupBy(commit => (commit.After ?? commit.Before)!.Tenant)
            .Select(ofTenant => new TenantUsage(
                ofTenant.Key,
                ofTenant.Sum(commit => Change(commit, _ => 1)),
                ofTenant.Sum(commit => Change(commit, job => job.Status == JobStatus.Pending ? 1 : 0)),
                ofTenant.Sum(commit => ChangeOfBytes(commit, job => job.VideoBytes)),
                ofTenant.Sum(commit => ChangeOfBytes(commit, job => job.ResultBytes))))
            .Where(usage => usage != new TenantUsage(usage.Tenant, 0, 0, 0, 0)),
    ];

    /// <summary>Adds a tenant's usage to sums; drops a tenant without any.</summary>
    public static void Add(Dictionary<string, TenantUsage> sums, TenantUsage added)
    {
        var none = new TenantUsage(added.Tenant, 0, 0, 0, 0);
        var before = sums.GetValueOrDefault(added.Tenant, none);
        var after = new TenantUsage(
            added.Tenant, before.Jobs + added.Jobs, before.Pending + added.Pending,
            before.VideoBytes + added.VideoBytes, before.ResultBytes + added.ResultBytes);
        sums.Remove(added.Tenant);
        if (after != none)
        {
            sums.Add(added.Tenant, after);
        }
    }

    /// <summary>Reads a row of tenant, jobs, pending, video_bytes and result_bytes.</summary>
    public static TenantUsage Read(DbDataReader reader) => new(
        reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetInt64(3), reader.GetInt64(4));

    private static int Change(JobCommit commit, Func<JobRecord, int> value) =>
        (commit.After is { } after ? value(after) : 0) - (commit.Before is { } before ? value(before) : 0);

    private static long ChangeOfBytes(JobCommit commit, Func<JobRecord, long> value) =>
        (commit.After is { } after ? value(after) : 0) - (commit.Before is { } before ? value(before) : 0);
}
