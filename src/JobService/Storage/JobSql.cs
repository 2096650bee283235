namespace ForegSyte.Jobs.Storage;

/// <summary>The statements over the tables of jobs. Values are always parameters.</summary>
internal static class JobSql
{
    public static readonly string SelectJobs = $"SELECT {Names(JobColumns.Jobs)} FROM jobs";

    public static readonly string FindJob = $"{SelectJobs} WHERE job_id = $job_id";

    public static readonly string FindJobs = $"{SelectJobs} WHERE job_id IN (SELECT unnest($job_ids))";

    public static readonly string FindAttempts =
        $"SELECT {Names(JobColumns.Attempts)} FROM attempts WHERE job_id = $job_id ORDER BY number";

    public static readonly string FindAttemptsOfJobs =
        $"SELECT {Names(JobColumns.Attempts)} FROM attempts WHERE job_id IN (SELECT unnest($job_ids)) "
        + "ORDER BY job_id, number";

    public const string FindRequest = "SELECT job_id FROM request_ids WHERE request_id = $request_id";

    public const string FindRequests =
        "SELECT request_id, job_id FROM request_ids WHERE request_id IN (SELECT unnest($request_ids))";

    public static readonly string ListUnfinished = $"{SelectJobs} WHERE status IN ($pending, $running)";

    public const string CountByTenant =
        "SELECT tenant, count(*)::INTEGER, (count(*) FILTER (status = $pending))::INTEGER FROM jobs GROUP BY tenant";

    public const string ListEnded =
        "SELECT job_id FROM jobs WHERE ended_at < $before ORDER BY ended_at, job_id LIMIT $limit";

    public const string FindKnown = "SELECT job_id FROM jobs WHERE job_id IN (SELECT unnest($job_ids))";

    public const string DeleteJobs = "DELETE FROM jobs WHERE job_id IN (SELECT unnest($job_ids))";

    public const string DeleteAttemptsOfJobs = "DELETE FROM attempts WHERE job_id IN (SELECT unnest($job_ids))";

    public const string DeleteAttempts =
        "DELETE FROM attempts USING (SELECT unnest($job_ids) AS job_id, unnest($numbers) AS number) AS gone "
        + "WHERE attempts.job_id = gone.job_id AND attempts.number = gone.number";

    /// <summary>Only where it is still that job's: after it was forgotten, another job may have the id.</summary>
    public const string DeleteRequests =
        "DELETE FROM request_ids USING (SELECT unnest($request_ids) AS request_id, unnest($job_ids) AS job_id) AS gone "
        + "WHERE request_ids.request_id = gone.request_id AND request_ids.job_id = gone.job_id";

    public const string InsertDeleted =
        "INSERT INTO deleted_jobs (job_id, deleted_at) SELECT unnest($job_ids), $deleted_at ON CONFLICT DO NOTHING";

    public const string ListDeleted = "SELECT job_id FROM deleted_jobs ORDER BY deleted_at, job_id LIMIT $limit";

    public const string ForgetDeleted = "DELETE FROM deleted_jobs WHERE job_id IN (SELECT unnest($job_ids))";

    public const string ForgetRequests = "DELETE FROM request_ids WHERE created_at < $before";

    public const string NextGeneration =
        "UPDATE database_identity SET generation = generation + 1 RETURNING database_id, generation";

    /// <summary>Updates one row by its key.</summary>
    public static string UpdateOne<TRow>(
        string table, IEnumerable<Column<TRow>> key, IEnumerable<Column<TRow>> changed) =>
        $"UPDATE {table} SET {string.Join(", ", changed.Select(column => $"{column.Name} = ${column.Name}"))} WHERE "
        + string.Join(" AND ", key.Select(column => $"{column.Name} = ${column.Name}"));

    /// <summary>Updates many rows by their key; each parameter is a list with a value for each row.</summary>
    public static string UpdateMany<TRow>(
        string table, IReadOnlyList<Column<TRow>> key, IReadOnlyList<Column<TRow>> changed) =>
        $"UPDATE {table} SET "
        + string.Join(", ", changed.Select(column => $"{column.Name} = changed.{column.Name}"))
        + $" FROM (SELECT {string.Join(", ", key.Concat(changed).Select(Unnest))}) AS changed WHERE "
        + string.Join(" AND ", key.Select(column => $"{table}.{column.Name} = changed.{column.Name}"));

    private static string Unnest<TRow>(Column<TRow> column) => $"unnest(${column.Name}) AS {column.Name}";

    private static string Names<TRow>(IEnumerable<Column<TRow>> columns) =>
        string.Join(", ", columns.Select(column => column.Name));
}
