using System.Data.Common;
using ForegSyte.V1;
using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>
/// Stores jobs in a migrated PostgreSQL that several JobServices share. Changes go through
/// <see cref="PostgresWriter"/>; reads always come from the database.
/// </summary>
internal sealed class PostgresJobStore(
    PostgresDatabase database, PostgresWriter writer, PostgresCommitter committer, PostgresListener listener,
    StoreClock clock) : IJobStore
{
    private static readonly PostgresDialect Dialect = new();

    private readonly BatchLoader<JobRecord> _jobs = new(jobIds => database.ReadAsync(
        async (connection, cancellationToken) => (await ListAsync(
            connection, $"{JobRows.SelectJobs} WHERE job_id = ANY(@job_ids)", cancellationToken,
            ("job_ids", jobIds.ToList()))).ToDictionary(job => job.JobId),
        CancellationToken.None));

    private readonly BatchLoader<Guid?> _requests = new(requestIds => database.ReadAsync(
        async (connection, cancellationToken) => (await connection.QueryAsync(
            "SELECT request_id, job_id FROM request_ids WHERE request_id = ANY(@request_ids)",
            reader => (RequestId: reader.GetGuid(0), JobId: reader.GetGuid(1)), cancellationToken,
            ("request_ids", requestIds.ToList()))).ToDictionary(row => row.RequestId, row => (Guid?)row.JobId),
        CancellationToken.None));

    /// <inheritdoc />
    public event Action<JobCommit>? Committed
    {
        add => writer.Committed += value;
        remove => writer.Committed -= value;
    }

    /// <inheritdoc />
    public event Action<JobChanges>? Changed
    {
        add => listener.Changed += value;
        remove => listener.Changed -= value;
    }

    /// <inheritdoc />
    public bool IsShared => true;

    /// <inheritdoc />
    public DateTimeOffset Now => clock.Now;

    /// <inheritdoc />
    public Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken)
    {
        var added = JobPrecision.Cut(job);
        return writer.ChangeAsync(
            new JobKey(added.JobId, added.RequestId, IsNew: true), batch => batch.Insert(added), cancellationToken);
    }

    /// <inheritdoc />
    public Task<JobRecord?> UpdateAsync(
        Guid jobId, Func<JobRecord, DateTimeOffset, JobRecord> transition, CancellationToken cancellationToken) =>
        writer.ChangeAsync(new JobKey(jobId), batch => batch.Update(jobId, transition), cancellationToken);

    /// <inheritdoc />
    public Task<JobRecord?> DeleteAsync(
        Guid jobId, Action<JobRecord> check, CancellationToken cancellationToken) =>
        writer.ChangeAsync(new JobKey(jobId), batch => batch.Delete(jobId, check), cancellationToken);

    /// <inheritdoc />
    public ValueTask<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<JobRecord?>(cancellationToken)
            : new ValueTask<JobRecord?>(_jobs.LoadAsync(jobId, cancellationToken));

    /// <inheritdoc />
    public async Task<JobRecord?> FindByRequestIdAsync(Guid requestId, CancellationToken cancellationToken)
    {
        var jobId = await _requests.LoadAsync(requestId, cancellationToken);
        return jobId is null ? null : await FindAsync(jobId.Value, cancellationToken);
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<JobRecord>> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        var sql = JobListSql.Of(query, Dialect);
        return database.ReadAsync<IReadOnlyList<JobRecord>>(
            async (connection, token) => await ListAsync(connection, sql.Text, token, [.. sql.Parameters]),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<JobRecord>> ListUnfinishedAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<JobRecord>>(
            async (connection, token) => await ListAsync(
                connection,
                $"{JobRows.SelectJobs} WHERE status IN ('PENDING', 'RUNNING') ORDER BY queued_at, job_id", token),
            cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<Guid>> ListExpiredAsync(int limit, CancellationToken cancellationToken) => ReadIdsAsync(
        "SELECT job_id FROM jobs WHERE status = 'RUNNING' AND lease_expires_at <= clock_timestamp() "
        + "ORDER BY lease_expires_at LIMIT @limit",
        cancellationToken, ("limit", limit));

    /// <inheritdoc />
    public Task<IReadOnlyList<TenantCount>> CountByTenantAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<TenantCount>>(
            async (connection, token) => await connection.QueryAsync(
                "SELECT tenant, count(*)::int, (count(*) FILTER (WHERE status = @pending))::int FROM jobs "
                + "GROUP BY tenant",
                reader => new TenantCount(reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2)), token,
                ("pending", JobStatusNames.Of(JobStatus.Pending))),
            cancellationToken);

    /// <inheritdoc />
    public Task<StoredSpace> SumSpaceAsync(CancellationToken cancellationToken) => database.ReadAsync(
        async (connection, token) => new StoredSpace(
            await connection.QueryAsync(
                "SELECT tenant, coalesce(sum(video_bytes), 0)::bigint, coalesce(sum(result_bytes), 0)::bigint "
                + "FROM jobs GROUP BY tenant",
                reader => new TenantBytes(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)), token),

            // A tenant shares with itself alone.
            (await connection.QueryAsync(
                "SELECT coalesce(sum(bytes * (jobs - 1)), 0)::bigint FROM (SELECT max(video_bytes) AS bytes, "
                + "count(*) AS jobs FROM jobs WHERE video_sha256 IS NOT NULL GROUP BY tenant, video_sha256) AS videos",
                reader => reader.GetInt64(0), token)).Single()),
        cancellationToken);

    /// <inheritdoc />
    public async Task<IReadOnlyList<TenantUsage>> UsageElsewhereAsync(CancellationToken cancellationToken)
    {
        // In one statement: the leader adds up the rows of a writer in the commit that removes it.
        var own = committer.WriterIds;
        var rows = await database.ReadAsync(
            (connection, token) => connection.QueryAsync(
                "SELECT tenant, jobs, pending, video_bytes, result_bytes, own FROM (SELECT ARRAY("
                + "SELECT writer_id FROM writers WHERE writer_id = ANY(@own)) AS own) AS present LEFT JOIN ("
                + "SELECT tenant, sum(jobs)::int AS jobs, sum(pending)::int AS pending, "
                + "sum(video_bytes)::bigint AS video_bytes, sum(result_bytes)::bigint AS result_bytes "
                + "FROM tenant_usage WHERE writer_id <> ALL(@own) GROUP BY tenant) AS usage ON true",
                row => (
                    Usage: row.IsDBNull(0) ? null : UsageChanges.Read(row), Present: row.GetFieldValue<Guid[]>(5)),
                token, ("own", own.ToList())),
            cancellationToken);
        var sums = rows.Select(row => row.Usage).OfType<TenantUsage>().ToDictionary(usage => usage.Tenant);

        // After a long outage the leader can remove a writer of this process. Its changes are then in the sum of the
        // ended writers, and count here already.
        foreach (var counted in committer.UsageOf(own.Except(rows[0].Present)).Values)
        {
            UsageChanges.Add(
                sums,
                new TenantUsage(
                    counted.Tenant, -counted.Jobs, -counted.Pending, -counted.VideoBytes, -counted.ResultBytes));
        }

        return [.. sums.Values];
    }

    /// <inheritdoc />
    public async Task<Guid?> FindReusableAsync(
        JobRecord job, string pipelineVersion, CancellationToken cancellationToken)
    {
        var sql = ReusableJobSql.Of(job, pipelineVersion, Dialect);
        return await ReadIdsAsync(sql.Text, cancellationToken, sql.Parameters) is [var found] ? found : null;
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<Guid>> ListEndedAsync(
        DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken) =>
        ReadIdsAsync(
            "SELECT job_id FROM jobs WHERE ended_at < @before ORDER BY ended_at, job_id LIMIT @limit",
            cancellationToken, ("before", endedBefore.UtcDateTime), ("limit", limit));

    /// <inheritdoc />
    public async Task<IReadOnlySet<Guid>> FindKnownAsync(
        IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) =>
        (await ReadIdsAsync(
            "SELECT job_id FROM jobs WHERE job_id = ANY(@job_ids)", cancellationToken, ("job_ids", jobIds.ToList())))
        .ToHashSet();

    /// <inheritdoc />
    public Task<IReadOnlyList<Guid>> ListDeletedAsync(int limit, CancellationToken cancellationToken) => ReadIdsAsync(
        "SELECT job_id FROM deleted_jobs ORDER BY deleted_at, job_id LIMIT @limit", cancellationToken,
        ("limit", limit));

    /// <inheritdoc />
    public Task ForgetDeletedAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) =>
        database.WriteAsync(
            (connection, token) => connection.ExecuteAsync(
                "DELETE FROM deleted_jobs WHERE job_id = ANY(@job_ids)", token, ("job_ids", jobIds.ToList())),
            cancellationToken);

    /// <inheritdoc />
    public Task<int> ForgetRequestIdsAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        database.WriteAsync(
            (connection, token) => connection.ExecuteAsync(
                "DELETE FROM request_ids WHERE created_at < @before", token, ("before", before.UtcDateTime)),
            cancellationToken);

    /// <inheritdoc />
    public Task AddFailedSegmentAsync(Guid jobId, SegmentRun run, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async (connection, token) =>
            {
                await connection.ExecuteAsync(
                    FailedSegmentRows.Insert("@"), token, FailedSegmentRows.ParametersOf(jobId, run));
                return await connection.ExecuteAsync(
                    FailedSegmentRows.DeleteOldest("@", "row_id"), token,
                    ("job_id", jobId), ("limit", SegmentRun.MaxStoredOfJob));
            },
            cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<SegmentRun>> ListFailedSegmentsAsync(Guid jobId, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<SegmentRun>>(
            async (connection, token) => await connection.QueryAsync(
                FailedSegmentRows.Select("@", "row_id"), FailedSegmentRows.Read, token, ("job_id", jobId)),
            cancellationToken);

    /// <inheritdoc />
    public Task<StoreGeneration> BeginGenerationAsync(CancellationToken cancellationToken) => database.WriteAsync(
        async (connection, token) => (await connection.QueryAsync(
            "UPDATE database_identity SET generation = generation + 1 RETURNING database_id, generation",
            reader => new StoreGeneration(reader.GetGuid(0), reader.GetInt64(1)), token)).Single(),
        cancellationToken);

    private Task<IReadOnlyList<Guid>> ReadIdsAsync(
        string sql, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters) =>
        database.ReadAsync<IReadOnlyList<Guid>>(
            async (connection, token) => await connection.QueryAsync(sql, ReadId, token, parameters),
            cancellationToken);

    /// <summary>Runs a query that starts with <see cref="JobRows.SelectJobs"/>; reads the attempts on its snapshot.
    /// </summary>
    private static async Task<List<JobRecord>> ListAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken,
        params (string Name, object? Value)[] parameters)
    {
        await using var transaction =
            await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        var jobs = await connection.QueryAsync(sql, JobRows.ReadJob, cancellationToken, parameters);
        if (jobs.Count == 0)
        {
            return jobs;
        }

        return JobRows.WithAttempts(
            jobs,
            await connection.QueryAsync(
                $"{JobRows.SelectAttempts} WHERE job_id = ANY(@job_ids) ORDER BY job_id, number",
                JobRows.ReadAttemptRow, cancellationToken, ("job_ids", jobs.ConvertAll(job => job.JobId))));
    }

    private static Guid ReadId(DbDataReader reader) => reader.GetGuid(0);
}
