namespace ForegSyte.Jobs.Storage;

/// <summary>The statements over jobs, attempts and request_ids. Values are always parameters.</summary>
internal static class JobSql
{
    /// <summary>Columns of jobs that an update may change.</summary>
    public static readonly IReadOnlyList<string> ChangingColumns =
    [
        "status", "output_path", "failure_reason", "failure_message", "failure_metadata_json", "updated_at", "ended_at",
        "lease_token", "lease_expires_at", "frames_total", "frames_done", "video_json", "summary_json", "device_json",
        "decode_time_us", "inference_time_us", "queued_at", "next_attempt_at", "forgiven_attempts", "segment_frames",
    ];

    /// <summary>All columns of jobs.</summary>
    public static readonly IReadOnlyList<string> JobColumns =
    [
        "job_id", "pipeline_id", "frame_stride", "max_frames", "display_name", "request_id", "fingerprint_json",
        "input_path", "created_at", "priority", .. ChangingColumns,
    ];

    /// <summary>All columns of attempts.</summary>
    public static readonly IReadOnlyList<string> AttemptColumns =
    [
        "job_id", "number", "started_at", "ended_at", "failure_reason", "failure_message", "failure_metadata_json",
        "retryable", "device_json", "frames_resumed",
    ];

    public static readonly string SelectJobs = $"SELECT {Names(JobColumns)} FROM jobs";

    public static readonly string FindJob = $"{SelectJobs} WHERE job_id = $job_id";

    public static readonly string InsertJob = Insert("jobs", JobColumns);

    public static readonly string UpdateJob =
        $"UPDATE jobs SET {string.Join(", ", ChangingColumns.Select(name => $"{name} = ${name}"))} WHERE job_id = "
        + "$job_id";

    public static readonly string FindAttempts =
        $"SELECT {Names(AttemptColumns)} FROM attempts WHERE job_id = $job_id ORDER BY number";

    public static readonly string FindAttemptsOfJobs =
        $"SELECT {Names(AttemptColumns)} FROM attempts WHERE job_id IN (SELECT unnest($job_ids)) ORDER BY job_id, "
        + "number";

    public static readonly string PutAttempt = Insert("attempts", AttemptColumns)
        + $" ON CONFLICT (job_id, number) DO UPDATE SET {Excluded(AttemptColumns.Skip(2))}";

    public const string DeleteAttempt = "DELETE FROM attempts WHERE job_id = $job_id AND number = $number";

    public const string FindRequest = "SELECT job_id FROM request_ids WHERE request_id = $request_id";

    public const string InsertRequest =
        "INSERT INTO request_ids (request_id, job_id, created_at) VALUES ($request_id, $job_id, $created_at)";

    public static readonly string ListUnfinished =
        $"{SelectJobs} WHERE status IN ($pending, $running) ORDER BY queued_at, job_id";

    public const string ListEnded =
        "SELECT job_id FROM jobs WHERE ended_at < $before ORDER BY ended_at, job_id LIMIT $limit";

    public const string FindKnown = "SELECT job_id FROM jobs WHERE job_id IN (SELECT unnest($job_ids))";

    public const string DeleteJob = "DELETE FROM jobs WHERE job_id = $job_id";

    public const string DeleteAttempts = "DELETE FROM attempts WHERE job_id = $job_id";

    public const string DeleteRequest = "DELETE FROM request_ids WHERE request_id = $request_id";

    public const string InsertDeleted =
        "INSERT INTO deleted_jobs (job_id, deleted_at) VALUES ($job_id, $deleted_at) ON CONFLICT DO NOTHING";

    public const string ListDeleted = "SELECT job_id FROM deleted_jobs ORDER BY deleted_at, job_id LIMIT $limit";

    public const string ForgetDeleted = "DELETE FROM deleted_jobs WHERE job_id IN (SELECT unnest($job_ids))";

    public const string ForgetRequests = "DELETE FROM request_ids WHERE created_at < $before";

    public const string NextGeneration =
        "UPDATE database_identity SET generation = generation + 1 RETURNING database_id, generation";

    private static string Insert(string table, IReadOnlyList<string> columns) =>
        $"INSERT INTO {table} ({Names(columns)}) VALUES ({string.Join(", ", columns.Select(name => "$" + name))})";

    private static string Names(IEnumerable<string> columns) => string.Join(", ", columns);

    private static string Excluded(IEnumerable<string> columns) =>
        string.Join(", ", columns.Select(name => $"{name} = excluded.{name}"));
}
