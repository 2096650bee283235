using System.Data.Common;
using System.Text.Json;
using DuckDB.NET.Data;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>Reads job records with their attempts. Callers run it in a transaction, so that both match.</summary>
internal static class JobRows
{
    /// <summary>
    /// Number of ids in one query. DuckDB uses the key's index for about this many; with 250 it scanned the column of a
    /// million jobs, in 80 ms instead of 3.
    /// </summary>
    public const int MaxKeys = 50;

    /// <summary>The start of every query over jobs.</summary>
    public static readonly string SelectJobs = $"SELECT {Names(JobColumns.Jobs)} FROM jobs";

    /// <summary>The start of every query over attempts.</summary>
    public static readonly string SelectAttempts = $"SELECT {Names(JobColumns.Attempts)} FROM attempts";

    /// <summary>The query for the statuses that jobs have.</summary>
    public const string SelectStatuses = "SELECT DISTINCT status FROM jobs";

    /// <summary>Finds a job; null if it does not exist.</summary>
    public static JobRecord? Find(DuckDBConnection connection, Guid jobId)
    {
        // For one key, = takes half the time of IN.
        (string, object?) key = ("job_id", jobId);
        return connection.Query($"{SelectJobs} WHERE job_id = $job_id", ReadJob, key) is [var job]
            ? job with
            {
                Attempts = connection.Query(
                    $"{SelectAttempts} WHERE job_id = $job_id ORDER BY number", ReadAttempt, key),
            }
            : null;
    }

    /// <summary>Finds the jobs that exist.</summary>
    public static IEnumerable<JobRecord> Find(DuckDBConnection connection, IReadOnlyCollection<Guid> jobIds) =>
        jobIds.Count == 1
            ? Find(connection, jobIds.Single()) is { } job ? [job] : []
            : jobIds.Chunk(MaxKeys).SelectMany(keys => List(
                connection, $"{SelectJobs} WHERE job_id IN (SELECT unnest($job_ids))", ("job_ids", keys.ToList())));

    /// <summary>Finds the jobs that own request ids; ids without a job are missing.</summary>
    public static Dictionary<Guid, Guid> FindRequests(
        DuckDBConnection connection, IReadOnlyCollection<Guid> requestIds) =>
        requestIds.Chunk(MaxKeys)
            .SelectMany(keys => connection.Query(
                "SELECT request_id, job_id FROM request_ids WHERE request_id IN (SELECT unnest($request_ids))",
                reader => (RequestId: reader.GetGuid(0), JobId: reader.GetGuid(1)),
                ("request_ids", keys.ToList())))
            .ToDictionary(row => row.RequestId, row => row.JobId);

    /// <summary>Runs a query that starts with <see cref="SelectJobs"/>; returns the jobs in its order.</summary>
    public static List<JobRecord> List(
        DuckDBConnection connection, string sql, params IEnumerable<(string Name, object? Value)> parameters)
    {
        var jobs = connection.Query(sql, ReadJob, parameters);
        if (jobs.Count == 0)
        {
            return jobs;
        }

        return WithAttempts(
            jobs,
            connection.Query(
                $"{SelectAttempts} WHERE job_id IN (SELECT unnest($job_ids)) ORDER BY job_id, number",
                ReadAttemptRow,
                ("job_ids", jobs.Select(job => job.JobId).ToList())));
    }

    /// <summary>Adds the attempts, in the order of their numbers, to their jobs.</summary>
    public static List<JobRecord> WithAttempts(List<JobRecord> jobs, List<AttemptRow> attempts)
    {
        var ofJobs = attempts.ToLookup(row => row.JobId, row => row.Attempt);
        return jobs.ConvertAll(job => job with { Attempts = [.. ofJobs[job.JobId]] });
    }

    /// <summary>Reads a row of <see cref="SelectAttempts"/> with the id of its job.</summary>
    public static AttemptRow ReadAttemptRow(DbDataReader reader) => new(reader.GetGuid(0), ReadAttempt(reader));

    /// <summary>Checks that this version knows the status of every job.</summary>
    /// <exception cref="DatabaseException">A newer version wrote a status that this one does not know.</exception>
    public static void RequireKnownStatuses(DuckDBConnection connection) =>
        connection.Query(SelectStatuses, ReadStatus);

    /// <summary>Reads a row of <see cref="SelectStatuses"/>.</summary>
    /// <exception cref="DatabaseException">A newer version wrote the status.</exception>
    public static JobStatus ReadStatus(DbDataReader reader) => Status(reader.GetString(0));

    /// <summary>Reads a row of <see cref="SelectJobs"/>, without its attempts.</summary>
    public static JobRecord ReadJob(DbDataReader reader)
    {
        var row = new RowReader(reader);
        return new JobRecord
        {
            JobId = row.Get<Guid>("job_id"),
            Status = Status(row.Text("status")),
            PipelineId = row.Text("pipeline_id"),
            FrameStride = row.Get<int>("frame_stride"),
            MaxFrames = row.Get<int>("max_frames"),
            Choices = JobChoices.FromJson(row.TextOrNull("options_json")),
            ReusedJobId = row.GetOrNull<Guid>("reused_job_id"),
            PipelineVersion = row.TextOrNull("pipeline_version"),
            DisplayName = row.Text("display_name"),
            Tags = JobTags.FromJson(row.TextOrNull("tags_json")),
            Priority = row.Get<int>("priority"),
            Tenant = row.Text("tenant"),
            RequestId = row.GetOrNull<Guid>("request_id"),
            Fingerprint = row.TextOrNull("fingerprint_json") is { } json
                ? JsonSerializer.Deserialize<RequestFingerprint>(json)
                : null,
            InputPath = row.Text("input_path"),
            VideoSha256 = row.TextOrNull("video_sha256"),
            VideoBytes = row.GetOrNull<long>("video_bytes") ?? 0,
            TraceParent = row.TextOrNull("trace_parent"),
            Webhook = JobWebhook.FromJson(row.TextOrNull("webhook_json")),
            OutputPath = row.TextOrNull("output_path"),
            HasTracks = row.GetOrNull<bool>("has_tracks") ?? false,
            Failure = Failure(row),
            CreatedAt = row.Instant("created_at"),
            UpdatedAt = row.Instant("updated_at"),
            QueuedAt = row.Instant("queued_at"),
            NextAttemptAt = row.InstantOrNull("next_attempt_at"),
            EndedAt = row.InstantOrNull("ended_at"),
            Lease = row.GetOrNull<Guid>("lease_token") is { } token
                ? new Lease(token, row.Instant("lease_expires_at"))
                : null,
            FramesTotal = row.Get<int>("frames_total"),
            FramesDone = row.Get<int>("frames_done"),
            ForgivenAttempts = row.Get<int>("forgiven_attempts"),
            SegmentFrames = row.Get<int>("segment_frames"),
            Video = StoredJson.Video(row.TextOrNull("video_json")),
            Summary = StoredJson.Summary(row.TextOrNull("summary_json")),
            Warnings = StoredJson.Warnings(row.TextOrNull("warnings_json")),
            Devices = StoredJson.Devices(row.TextOrNull("device_json")),
            DecodeTime = TimeSpan.FromMicroseconds(row.Get<long>("decode_time_us")),
            InferenceTime = TimeSpan.FromMicroseconds(row.Get<long>("inference_time_us")),
            ResultBytes = row.GetOrNull<long>("result_bytes") ?? 0,
        };
    }

    /// <summary>Reads a row of <see cref="SelectAttempts"/>.</summary>
    public static AttemptRecord ReadAttempt(DbDataReader reader)
    {
        var row = new RowReader(reader);
        return new AttemptRecord(
            row.Get<int>("number"), row.Instant("started_at"), row.InstantOrNull("ended_at"),
            Failure(row) is { } failure ? failure with { LastWords = row.TextOrNull("last_words") ?? "" } : null)
        {
            Retryable = row.Get<bool>("retryable"),
            Devices = StoredJson.Devices(row.TextOrNull("device_json")),
            FramesResumed = row.Get<int>("frames_resumed"),
        };
    }

    private static JobFailure? Failure(RowReader row) => row.TextOrNull("failure_reason") is { } reason
        ? new JobFailure(
            ErrorReasons.Parse(reason),
            row.Text("failure_message"),
            JsonSerializer.Deserialize<Dictionary<string, string>>(row.Text("failure_metadata_json"))!)
        : null;

    private static JobStatus Status(string name) => JobStatusNames.TryParse(name, out var status)
        ? status.Value
        : throw new DatabaseException(
            $"The database contains the status '{name}', which this version does not know. Start the version that "
            + "wrote it.");

    private static string Names<TRow>(IEnumerable<Column<TRow>> columns) =>
        string.Join(", ", columns.Select(column => column.Name));

    /// <summary>Reads columns of the current row by name.</summary>
    private readonly ref struct RowReader(DbDataReader reader)
    {
        private readonly DbDataReader _reader = reader;

        public T Get<T>(string column) => _reader.GetFieldValue<T>(_reader.GetOrdinal(column));

        public T? GetOrNull<T>(string column)
            where T : struct => IsNull(column) ? null : Get<T>(column);

        public string Text(string column) => _reader.GetString(_reader.GetOrdinal(column));

        public string? TextOrNull(string column) => IsNull(column) ? null : Text(column);

        // TIMESTAMP has no zone and reads as Unspecified; the columns hold UTC.
        public DateTimeOffset Instant(string column) =>
            new(_reader.GetDateTime(_reader.GetOrdinal(column)), TimeSpan.Zero);

        public DateTimeOffset? InstantOrNull(string column) => IsNull(column) ? null : Instant(column);

        private bool IsNull(string column) => _reader.IsDBNull(_reader.GetOrdinal(column));
    }
}
