using DuckDB.NET.Data;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Stores jobs in a migrated DuckDB: changes go through <see cref="DuckDbWriter"/>, reads come from the cache or the
/// database.
/// </summary>
internal sealed class DuckDbJobStore(
    DuckDbWriter writer, DuckDbReaders readers, JobDataLoader loader, JobCache cache, TimeProvider time) : IJobStore
{
    private static readonly DuckDbDialect Dialect = new();

    /// <inheritdoc />
    public event Action<JobCommit>? Committed
    {
        add => writer.Committed += value;
        remove => writer.Committed -= value;
    }

    /// <summary>Never raised: only one process can open the database.</summary>
    public event Action<JobChanges>? Changed
    {
        add { }
        remove { }
    }

    /// <inheritdoc />
    public bool IsShared => false;

    /// <inheritdoc />
    public DateTimeOffset Now => time.GetUtcNow();

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
    public ValueTask<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<JobRecord?>(cancellationToken);
        }

        return cache.Find(jobId) is { } job
            ? new ValueTask<JobRecord?>(job)
            : new ValueTask<JobRecord?>(ReadAsync(jobId, cancellationToken));
    }

    /// <inheritdoc />
    public async Task<JobRecord?> FindByRequestIdAsync(Guid requestId, CancellationToken cancellationToken)
    {
        var jobId = await loader.FindByRequestIdAsync(requestId, cancellationToken);
        return jobId is null ? null : await FindAsync(jobId.Value, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<Guid?> FindReusableAsync(
        JobRecord job, string pipelineVersion, CancellationToken cancellationToken)
    {
        var sql = ReusableJobSql.Of(job, pipelineVersion, Dialect);
        return await ReadIdsAsync(sql.Text, sql.Parameters, cancellationToken) is [var found] ? found : null;
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<JobRecord>> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        var sql = JobListSql.Of(query, Dialect);
        return readers.ReadAsync<IReadOnlyList<JobRecord>>(
            connection => connection.InSnapshot(() => JobRows.List(connection, sql.Text, sql.Parameters)),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<JobRecord>> ListUnfinishedAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<IReadOnlyList<JobRecord>>(cancellationToken)
            : Task.FromResult(cache.Unfinished());

    /// <inheritdoc />
    public Task<IReadOnlyList<Guid>> ListExpiredAsync(int limit, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<IReadOnlyList<Guid>>(cancellationToken)
            : Task.FromResult<IReadOnlyList<Guid>>([.. cache.Expired(Now).Take(limit)]);

    /// <inheritdoc />
    public Task<IReadOnlyList<TenantUsage>> UsageElsewhereAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<TenantUsage>>([]);

    /// <inheritdoc />
    public Task<IReadOnlyList<TenantCount>> CountByTenantAsync(CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<TenantCount>>(
            connection => connection.Query(
                "SELECT tenant, count(*)::INTEGER, (count(*) FILTER (status = $pending))::INTEGER FROM jobs "
                + "GROUP BY tenant",
                reader => new TenantCount(reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2)),
                ("pending", JobStatusNames.Of(V1.JobStatus.Pending))),
            cancellationToken);

    /// <inheritdoc />
    public Task<StoredSpace> SumSpaceAsync(CancellationToken cancellationToken) => readers.ReadAsync(
        connection => new StoredSpace(
            connection.Query(
                "SELECT tenant, coalesce(sum(video_bytes), 0)::BIGINT, coalesce(sum(result_bytes), 0)::BIGINT "
                + "FROM jobs GROUP BY tenant",
                reader => new TenantBytes(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2))),

            // A tenant shares with itself alone. Grouped by 64 bits of the hash, to save memory.
            connection.Query(
                "SELECT coalesce(sum(bytes * (jobs - 1)), 0)::BIGINT FROM (SELECT max(video_bytes) AS bytes, "
                + "count(*) AS jobs FROM jobs WHERE video_sha256 IS NOT NULL GROUP BY hash(tenant, video_sha256))",
                reader => reader.GetInt64(0)).Single()),
        cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<Guid>> ListEndedAsync(
        DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken) =>
        ReadIdsAsync(
            "SELECT job_id FROM jobs WHERE ended_at < $before ORDER BY ended_at, job_id LIMIT $limit",
            [("before", endedBefore.UtcDateTime), ("limit", limit)], cancellationToken);

    /// <inheritdoc />
    public async Task<IReadOnlySet<Guid>> FindKnownAsync(
        IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken)
    {
        const string Sql = "SELECT job_id FROM jobs WHERE job_id IN (SELECT unnest($job_ids))";
        return (await ReadIdsAsync(Sql, [("job_ids", jobIds.ToList())], cancellationToken)).ToHashSet();
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<Guid>> ListDeletedAsync(int limit, CancellationToken cancellationToken) =>
        ReadIdsAsync(
            "SELECT job_id FROM deleted_jobs ORDER BY deleted_at, job_id LIMIT $limit", [("limit", limit)],
            cancellationToken);

    /// <inheritdoc />
    public Task ForgetDeletedAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) =>
        writer.ExecuteAsync(
            connection => connection.Execute(
                "DELETE FROM deleted_jobs WHERE job_id IN (SELECT unnest($job_ids))", ("job_ids", jobIds.ToList())),
            cancellationToken);

    /// <inheritdoc />
    public Task<int> ForgetRequestIdsAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        writer.ExecuteAsync(
            connection => connection.Execute(
                "DELETE FROM request_ids WHERE created_at < $before", ("before", before.UtcDateTime)),
            cancellationToken);

    /// <inheritdoc />
    public Task AddFailedSegmentAsync(Guid jobId, SegmentRun run, CancellationToken cancellationToken) =>
        writer.ExecuteAsync(connection => FailedSegmentRows.Add(connection, jobId, run), cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<SegmentRun>> ListFailedSegmentsAsync(Guid jobId, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => FailedSegmentRows.Of(connection, jobId), cancellationToken);

    /// <inheritdoc />
    public Task<StoreGeneration> BeginGenerationAsync(CancellationToken cancellationToken) =>
        writer.ExecuteAsync(
            connection => connection.Query(
                "UPDATE database_identity SET generation = generation + 1 RETURNING database_id, generation",
                reader => new StoreGeneration(reader.GetGuid(0), reader.GetInt64(1))).Single(),
            cancellationToken);

    private async Task<JobRecord?> ReadAsync(Guid jobId, CancellationToken cancellationToken)
    {
        var version = cache.EndedVersion;
        var job = await loader.FindAsync(jobId, cancellationToken);
        if (job is not null)
        {
            cache.AddRead(job, version);
        }

        return job;
    }

    private Task<IReadOnlyList<Guid>> ReadIdsAsync(
        string sql, (string Name, object? Value)[] parameters, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<Guid>>(
            connection => connection.Query(sql, ReadId, parameters), cancellationToken);

    private static Guid ReadId(DuckDBDataReader reader) => reader.GetGuid(0);
}
