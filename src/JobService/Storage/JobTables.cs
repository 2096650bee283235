using System.Text.Json;
using DuckDB.NET.Data;
using ForegSyte.Protocol.Errors;

namespace ForegSyte.Jobs.Storage;

/// <summary>A row of the table attempts.</summary>
internal readonly record struct AttemptRow(Guid JobId, AttemptRecord Attempt);

/// <summary>A row of the table request_ids.</summary>
/// <param name="RequestId">The caller's id, made unique for its tenant.</param>
/// <param name="JobId">The job that was stored with it.</param>
/// <param name="CreatedAt">When the job was accepted.</param>
internal readonly record struct RequestRow(Guid RequestId, Guid JobId, DateTimeOffset CreatedAt);

/// <summary>A column of a table.</summary>
/// <param name="Name">Name in the table.</param>
/// <param name="ValueOf">The value of a row in DuckDB's type.</param>
/// <param name="ListOf">The values of several rows as one list parameter.</param>
internal sealed record Column<TRow>(
    string Name, Func<TRow, object?> ValueOf, Func<IReadOnlyList<TRow>, object> ListOf);

/// <summary>The columns of the tables. <see cref="JobRows"/> reads them.</summary>
internal static class JobColumns
{
    /// <summary>Columns of jobs that never change; the first is the key.</summary>
    public static readonly IReadOnlyList<Column<JobRecord>> Fixed =
    [
        Job("job_id", job => job.JobId),
        Job("pipeline_id", job => job.PipelineId),
        Job("max_frames", job => job.MaxFrames),
        Job("options_json", job => JobChoices.ToJson(job.Choices)),
        Job("request_id", job => job.RequestId),
        Job("fingerprint_json", job => job.Fingerprint is { } value ? JsonSerializer.Serialize(value) : null),
        Job("input_path", job => job.InputPath),
        Job("created_at", job => Utc(job.CreatedAt)),
        Job("tenant", job => job.Tenant),
        Job("video_sha256", job => job.VideoSha256),
        Job("trace_parent", job => job.TraceParent),
        Job("video_bytes", job => job.VideoBytes),
        Job("webhook_json", job => job.Webhook?.ToJson()),
    ];

    /// <summary>Columns of jobs that a transition can change.</summary>
    public static readonly IReadOnlyList<Column<JobRecord>> Changing =
    [
        Job("status", job => JobStatusNames.Of(job.Status)),
        Job("frame_stride", job => job.FrameStride),
        Job("reused_job_id", job => job.ReusedJobId),
        Job("pipeline_version", job => job.PipelineVersion),
        Job("display_name", job => job.DisplayName),
        Job("tags_json", job => job.Tags.ToJson()),
        Job("priority", job => job.Priority),
        Job("output_path", job => job.OutputPath),
        Job("has_tracks", job => job.HasTracks),
        Job("failure_reason", job => Reason(job.Failure)),
        Job("failure_message", job => job.Failure?.Message),
        Job("failure_metadata_json", job => Metadata(job.Failure)),
        Job("updated_at", job => Utc(job.UpdatedAt)),
        Job("ended_at", job => Utc(job.EndedAt)),
        Job("lease_token", job => job.Lease?.Token),
        Job("lease_expires_at", job => Utc(job.Lease?.ExpiresAt)),
        Job("frames_total", job => job.FramesTotal),
        Job("frames_done", job => job.FramesDone),
        Job("video_json", job => StoredJson.Write(job.Video)),
        Job("summary_json", job => StoredJson.Write(job.Summary)),
        Job("warnings_json", job => StoredJson.Write(job.Warnings)),
        Job("device_json", job => StoredJson.Write(job.Devices)),
        Job("decode_time_us", job => Microseconds(job.DecodeTime)),
        Job("inference_time_us", job => Microseconds(job.InferenceTime)),
        Job("queued_at", job => Utc(job.QueuedAt)),
        Job("next_attempt_at", job => Utc(job.NextAttemptAt)),
        Job("forgiven_attempts", job => job.ForgivenAttempts),
        Job("segment_frames", job => job.SegmentFrames),
        Job("result_bytes", job => job.ResultBytes),
    ];

    /// <summary>All columns of jobs.</summary>
    public static readonly IReadOnlyList<Column<JobRecord>> Jobs = [.. Fixed, .. Changing];

    /// <summary>All columns of attempts; the first two are the key.</summary>
    public static readonly IReadOnlyList<Column<AttemptRow>> Attempts =
    [
        Attempt("job_id", row => row.JobId),
        Attempt("number", row => row.Attempt.Number),
        Attempt("started_at", row => Utc(row.Attempt.StartedAt)),
        Attempt("ended_at", row => Utc(row.Attempt.EndedAt)),
        Attempt("failure_reason", row => Reason(row.Attempt.Failure)),
        Attempt("failure_message", row => row.Attempt.Failure?.Message),
        Attempt("failure_metadata_json", row => Metadata(row.Attempt.Failure)),
        Attempt("retryable", row => row.Attempt.Retryable),
        Attempt("device_json", row => StoredJson.Write(row.Attempt.Devices)),
        Attempt("frames_resumed", row => row.Attempt.FramesResumed),
        Attempt("last_words", row => row.Attempt.Failure?.LastWords),
    ];

    /// <summary>All columns of request_ids; the first is the key.</summary>
    public static readonly IReadOnlyList<Column<RequestRow>> Requests =
    [
        Make<RequestRow, Guid>("request_id", row => row.RequestId),
        Make<RequestRow, Guid>("job_id", row => row.JobId),
        Make<RequestRow, DateTime>("created_at", row => Utc(row.CreatedAt)),
    ];

    private static Column<JobRecord> Job<TValue>(string name, Func<JobRecord, TValue> value) => Make(name, value);

    private static Column<AttemptRow> Attempt<TValue>(string name, Func<AttemptRow, TValue> value) => Make(name, value);

    /// <summary>A column.</summary>
    /// <param name="name">Name in the table.</param>
    /// <param name="value">The value of a row.</param>
    public static Column<TRow> Make<TRow, TValue>(string name, Func<TRow, TValue> value) =>
        new(name, row => value(row), rows => rows.Select(value).ToList());

    private static string? Reason(JobFailure? failure) => failure?.Reason.ToText();

    private static string? Metadata(JobFailure? failure) =>
        failure is null ? null : JsonSerializer.Serialize(failure.Metadata);

    private static DateTime Utc(DateTimeOffset instant) => instant.UtcDateTime;

    private static DateTime? Utc(DateTimeOffset? instant) => instant?.UtcDateTime;

    private static long Microseconds(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;
}

/// <summary>
/// Writes rows of one table in bulk: new ones with DuckDB's appender, changed ones with one UPDATE over lists (ADR 8).
/// </summary>
/// <param name="connection">The writer's connection.</param>
/// <param name="name">Name of the table.</param>
/// <param name="columns">All its columns, starting with the key.</param>
/// <param name="keyLength">Number of columns of the key.</param>
internal sealed class DuckDbTable<TRow>(
    DuckDBConnection connection, string name, IReadOnlyList<Column<TRow>> columns, int keyLength)
{
    private const string ColumnsInOrder =
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = 'main' "
        + "AND table_name = $table ORDER BY column_index";

    private readonly IReadOnlyList<Column<TRow>> _key = [.. columns.Take(keyLength)];

    // The appender takes values in the table's order, which depends on the migrations.
    private readonly IReadOnlyList<Column<TRow>> _inOrder =
    [
        .. connection.Query(ColumnsInOrder, reader => reader.GetString(0), ("table", name))
            .Select(column => columns.Single(known => known.Name == column)),
    ];

    /// <summary>Adds rows. A key that exists fails now or when the transaction commits.</summary>
    public void Append(IReadOnlyList<TRow> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        using var appender = connection.CreateAppender(name);
        foreach (var row in rows)
        {
            var cells = appender.CreateRow();
            foreach (var column in _inOrder)
            {
                Append(cells, column.ValueOf(row));
            }

            cells.EndRow();
        }

        appender.Close();
    }

    /// <summary>Updates some columns of rows.</summary>
    public void Update(IReadOnlyList<TRow> rows, IReadOnlyList<Column<TRow>> changed)
    {
        if (rows.Count == 0)
        {
            return;
        }

        // For one row, a statement with plain values takes less than half the time of one with lists.
        var isOne = rows.Count == 1;
        var values = _key.Concat(changed);
        var set = string.Join(
            ", ", changed.Select(column => $"{column.Name} = {(isOne ? "$" : "changed.")}{column.Name}"));
        var where = string.Join(
            " AND ", _key.Select(column => $"{name}.{column.Name} = {(isOne ? "$" : "changed.")}{column.Name}"));
        var lists = string.Join(", ", values.Select(column => $"unnest(${column.Name}) AS {column.Name}"));
        connection.Execute(
            $"UPDATE {name} SET {set}{(isOne ? "" : $" FROM (SELECT {lists}) AS changed")} WHERE {where}",
            values.Select(column => (column.Name, isOne ? column.ValueOf(rows[0]) : column.ListOf(rows))));
    }

    private static void Append(IDuckDBAppenderRow cells, object? value) => _ = value switch
    {
        null => cells.AppendNullValue(),
        string text => cells.AppendValue(text),
        int number => cells.AppendValue(number),
        long number => cells.AppendValue(number),
        bool flag => cells.AppendValue(flag),
        Guid id => cells.AppendValue(id),
        DateTime instant => cells.AppendValue(instant),
        _ => throw new ArgumentException($"A column cannot hold a {value.GetType()}.", nameof(value)),
    };
}

/// <summary>The rows that a commit deletes, adds and changes, in this order.</summary>
internal sealed class ChangeSet
{
    public List<Guid> DeletedJobs { get; } = [];

    public List<JobRecord> NewJobs { get; } = [];

    public List<JobRecord> ChangedJobs { get; } = [];

    /// <summary>Deleted attempts of jobs that stay.</summary>
    public List<AttemptRow> DeletedAttempts { get; } = [];

    public List<AttemptRow> NewAttempts { get; } = [];

    public List<AttemptRow> ChangedAttempts { get; } = [];

    /// <summary>Jobs with tracks that the commit completes; they are queued for the index of tracks.</summary>
    public List<Guid> CompletedJobs { get; } = [];

    public required IReadOnlyList<RequestRow> DeletedRequests { get; init; }

    public required IReadOnlyList<RequestRow> NewRequests { get; init; }

    /// <summary>
    /// Deleted jobs whose artifacts must be deleted, including jobs that were added in the same batch.
    /// </summary>
    public required IReadOnlyList<Guid> Tombstones { get; init; }

    /// <summary>Whether there is nothing to write. A deletion always leaves a tombstone.</summary>
    public bool IsEmpty => NewJobs.Count + ChangedJobs.Count + Tombstones.Count == 0;
}

/// <summary>Writes change sets: a fixed number of statements, however many rows there are.</summary>
internal sealed class JobTables(DuckDBConnection connection)
{
    private readonly DuckDbTable<JobRecord> _jobs = new(connection, "jobs", JobColumns.Jobs, keyLength: 1);
    private readonly DuckDbTable<AttemptRow> _attempts = new(connection, "attempts", JobColumns.Attempts, keyLength: 2);
    private readonly DuckDbTable<RequestRow> _requests =
        new(connection, "request_ids", JobColumns.Requests, keyLength: 1);

    private readonly DuckDbTable<DeliveryRecord> _deliveries =
        new(connection, WebhookRows.Table, WebhookRows.Columns, keyLength: 1);

    private readonly IReadOnlyList<Column<AttemptRow>> _changingAttemptColumns = [.. JobColumns.Attempts.Skip(2)];

    /// <summary>
    /// Adds jobs with their attempts, in the caller's transaction, and queues those with tracks for the index, oldest
    /// first.
    /// </summary>
    public void Insert(IReadOnlyList<JobRecord> jobs)
    {
        var completed = jobs.Where(job => job is { Status: V1.JobStatus.Completed, HasTracks: true }).ToList();
        SearchTables.Queue(
            connection, completed.ConvertAll(job => job.JobId),
            completed.ConvertAll(job => job.CreatedAt.UtcDateTime));
        _jobs.Append(jobs);
        _attempts.Append(
            [.. jobs.SelectMany(job => job.Attempts.Select(attempt => new AttemptRow(job.JobId, attempt)))]);
    }

    /// <summary>Writes the rows, in the caller's transaction.</summary>
    /// <param name="changes">The rows of jobs.</param>
    /// <param name="messages">The messages that the changes cause.</param>
    /// <param name="now">The time.</param>
    public void Write(ChangeSet changes, IReadOnlyList<DeliveryRecord> messages, DateTimeOffset now)
    {
        Delete(changes, now);
        _jobs.Append(changes.NewJobs);
        _jobs.Update(changes.ChangedJobs, JobColumns.Changing);
        _attempts.Append(changes.NewAttempts);
        _attempts.Update(changes.ChangedAttempts, _changingAttemptColumns);
        _requests.Append(changes.NewRequests);
        SearchTables.Queue(
            connection, changes.CompletedJobs, changes.CompletedJobs.ConvertAll(_ => now.UtcDateTime));
        _deliveries.Append(messages);
        if (WebhookRows.JobsToTrim(messages, changes) is { Count: > 0 } jobIds)
        {
            connection.Execute(
                WebhookRows.DeleteOldest("IN (SELECT unnest($job_ids))", "$"), ("job_ids", jobIds),
                ("limit", DeliveryRecord.MaxStoredOfJob));
        }
    }

    /// <summary>Whether the database has a change set: a commit is all or nothing, so one row tells.</summary>
    public bool HasWritten(ChangeSet changes)
    {
        if (changes.NewJobs is [var added, ..])
        {
            return JobRows.Find(connection, added.JobId) is not null;
        }

        if (changes.ChangedJobs is [var changed, ..])
        {
            return JobRows.Find(connection, changed.JobId) is { } found
                && JobColumns.Changing.All(column => Equals(column.ValueOf(found), column.ValueOf(changed)));
        }

        return changes.DeletedJobs is [var deleted, ..] && JobRows.Find(connection, deleted) is null;
    }

    private void Delete(ChangeSet changes, DateTimeOffset now)
    {
        if (changes.DeletedJobs.Count > 0)
        {
            connection.Execute(
                "DELETE FROM attempts WHERE job_id IN (SELECT unnest($job_ids))", ("job_ids", changes.DeletedJobs));
            FailedSegmentRows.Delete(connection, changes.DeletedJobs);
            SearchTables.Delete(connection, changes.DeletedJobs);
            connection.Execute(
                $"DELETE FROM {WebhookRows.Table} WHERE job_id IN (SELECT unnest($job_ids))",
                ("job_ids", changes.DeletedJobs));
            connection.Execute(
                "DELETE FROM jobs WHERE job_id IN (SELECT unnest($job_ids))", ("job_ids", changes.DeletedJobs));
        }

        if (changes.DeletedAttempts.Count > 0)
        {
            connection.Execute(
                "DELETE FROM attempts USING (SELECT unnest($job_ids) AS job_id, unnest($numbers) AS number) AS deleted "
                + "WHERE attempts.job_id = deleted.job_id AND attempts.number = deleted.number",
                ("job_ids", changes.DeletedAttempts.Select(row => row.JobId).ToList()),
                ("numbers", changes.DeletedAttempts.Select(row => row.Attempt.Number).ToList()));
        }

        if (changes.DeletedRequests.Count > 0)
        {
            // Only while the id belongs to the job: an id that was forgotten can have moved to another one.
            connection.Execute(
                "DELETE FROM request_ids USING (SELECT unnest($request_ids) AS request_id, unnest($job_ids) AS job_id) "
                + "AS deleted WHERE request_ids.request_id = deleted.request_id "
                + "AND request_ids.job_id = deleted.job_id",
                ("request_ids", changes.DeletedRequests.Select(row => row.RequestId).ToList()),
                ("job_ids", changes.DeletedRequests.Select(row => row.JobId).ToList()));
        }

        if (changes.Tombstones.Count > 0)
        {
            connection.Execute(
                "INSERT INTO deleted_jobs (job_id, deleted_at) SELECT unnest($job_ids), $deleted_at "
                + "ON CONFLICT DO NOTHING",
                ("job_ids", changes.Tombstones), ("deleted_at", now.UtcDateTime));
        }
    }
}
