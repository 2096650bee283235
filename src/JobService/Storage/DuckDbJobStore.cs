using DuckDB.NET.Data;
using ForegSyte.Jobs.Storage.Cache;
using ForegSyte.Jobs.Storage.Commits;

namespace ForegSyte.Jobs.Storage;

/// <summary>Keeps jobs in DuckDB, and the live ones in memory too. The database has to be migrated.</summary>
internal sealed class DuckDbJobStore(
    DuckDbWriter writer, DuckDbReaders readers, JobDataLoader lookups, JobCache cache) : IJobStore
{
    /// <inheritdoc />
    public event Action<JobCommit>? Committed
    {
        add => writer.Committed += value;
        remove => writer.Committed -= value;
    }

    /// <inheritdoc />
    public Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken) =>
        writer.ChangeAsync(new InsertChange(job), cancellationToken);

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
        var jobIds = await readers.ReadAsync(
            connection => connection.Query(JobSql.FindRequest, ReadId, ("request_id", requestId)), cancellationToken);
        return jobIds is [var jobId] ? await FindAsync(jobId, cancellationToken) : null;
    }

    /// <inheritdoc />
    public Task<JobRecord?> UpdateAsync(
        Guid jobId, Func<JobRecord, JobRecord> transition, CancellationToken cancellationToken) =>
        writer.ChangeAsync(new UpdateChange(jobId, transition), cancellationToken);

    /// <inheritdoc />
    public Task<JobRecord?> DeleteAsync(
        Guid jobId, Action<JobRecord> check, CancellationToken cancellationToken) =>
        writer.ChangeAsync(new DeleteChange(jobId, check), cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<Guid>> ListDeletedAsync(int limit, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<Guid>>(
            connection => connection.Query(JobSql.ListDeleted, ReadId, ("limit", limit)), cancellationToken);

    /// <inheritdoc />
    public Task ForgetDeletedAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection => connection.Execute(JobSql.ForgetDeleted, ("job_ids", jobIds.ToList())), cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<TenantCount>> CountByTenantAsync(CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<TenantCount>>(
            connection => connection.Query(
                JobSql.CountByTenant,
                reader => new TenantCount(reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2)),
                ("pending", JobStatusNames.Of(V1.JobStatus.Pending))),
            cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<Guid>> ListEndedAsync(
        DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<Guid>>(
            connection => connection.Query(
                JobSql.ListEnded, ReadId, ("before", endedBefore.UtcDateTime), ("limit", limit)),
            cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlySet<Guid>> FindKnownAsync(
        IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlySet<Guid>>(
            connection => connection.Query(JobSql.FindKnown, ReadId, ("job_ids", jobIds.ToList())).ToHashSet(),
            cancellationToken);

    /// <inheritdoc />
    public Task<int> ForgetRequestIdsAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection => connection.Execute(JobSql.ForgetRequests, ("before", before.UtcDateTime)),
            cancellationToken);

    /// <inheritdoc />
    public Task<StoreGeneration> BeginGenerationAsync(CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection => connection.Query(
                JobSql.NextGeneration,
                reader => new StoreGeneration(reader.GetGuid(0), reader.GetInt64(1))).Single(),
            cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<JobRecord>> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        var conditions = new List<string>();
        var parameters = new List<(string Name, object? Value)> { ("limit", query.Limit) };
        if (query.Filter is not null)
        {
            var filter = JobFilterSql.Of(query.Filter);
            conditions.Add(filter.Condition);
            parameters.AddRange(filter.Parameters);
        }

        if (query.Tenant is { } tenant)
        {
            conditions.Add("tenant = $tenant");
            parameters.Add(("tenant", tenant));
        }

        if (query.After is { } after)
        {
            // The first half alone lets DuckDB pass over the row groups of newer jobs.
            conditions.Add("created_at <= $after_time AND (created_at < $after_time OR job_id < $after_id)");
            parameters.AddRange([("after_time", after.CreatedAt.UtcDateTime), ("after_id", after.JobId)]);
        }

        var where = conditions.Count == 0 ? "" : $" WHERE {string.Join(" AND ", conditions)}";
        var sql = $"{JobSql.SelectJobs}{where} ORDER BY created_at DESC, job_id DESC LIMIT $limit";
        return readers.ReadAsync<IReadOnlyList<JobRecord>>(
            connection => connection.InSnapshot(() => StoredJobs.List(connection, sql, parameters)),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<JobRecord>> ListUnfinishedAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<IReadOnlyList<JobRecord>>(cancellationToken)
            : Task.FromResult(cache.Unfinished());

    private async Task<JobRecord?> ReadAsync(Guid jobId, CancellationToken cancellationToken)
    {
        var version = cache.EndedVersion;
        var job = await lookups.FindAsync(jobId, cancellationToken);
        if (job is not null)
        {
            cache.AddRead(job, version);
        }

        return job;
    }

    private static Guid ReadId(DuckDBDataReader reader) => reader.GetGuid(0);
}
