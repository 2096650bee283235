using DuckDB.NET.Data;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>Keeps jobs in DuckDB. The database has to be migrated.</summary>
internal sealed class DuckDbJobStore(DuckDbWriter writer, DuckDbReaders readers, TimeProvider time) : IJobStore
{
    /// <inheritdoc />
    public event Action<JobCommit>? Committed;

    /// <inheritdoc />
    public async Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken)
    {
        var kept = JobPrecision.Cut(job);
        var result = await writer.WriteAsync(connection => Insert(connection, kept), cancellationToken);
        if (result.Created)
        {
            Committed?.Invoke(new JobCommit(kept.JobId, null, kept));
        }

        return result;
    }

    /// <inheritdoc />
    public ValueTask<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken) => new(
        readers.ReadAsync(connection => InSnapshot(connection, () => Find(connection, jobId)), cancellationToken));

    /// <inheritdoc />
    public Task<JobRecord?> FindByRequestIdAsync(Guid requestId, CancellationToken cancellationToken) =>
        readers.ReadAsync(
            connection => InSnapshot(connection, () => FindByRequestId(connection, requestId)), cancellationToken);

    /// <inheritdoc />
    public async Task<JobRecord?> UpdateAsync(
        Guid jobId, Func<JobRecord, JobRecord> transition, CancellationToken cancellationToken)
    {
        var (before, after) = await writer.WriteAsync(
            connection => Update(connection, jobId, transition), cancellationToken);
        if (!ReferenceEquals(before, after))
        {
            Committed?.Invoke(new JobCommit(jobId, before, after));
        }

        return after;
    }

    /// <inheritdoc />
    public async Task<JobRecord?> DeleteAsync(
        Guid jobId, Action<JobRecord> check, CancellationToken cancellationToken)
    {
        var deleted = await writer.WriteAsync(connection => Delete(connection, jobId, check), cancellationToken);
        if (deleted is not null)
        {
            Committed?.Invoke(new JobCommit(jobId, deleted, null));
        }

        return deleted;
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<Guid>> ListDeletedAsync(int limit, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<Guid>>(
            connection => connection.Query(JobSql.ListDeleted, ReadId, ("limit", limit)), cancellationToken);

    /// <inheritdoc />
    public Task ForgetDeletedAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection => connection.Execute(JobSql.ForgetDeleted, ("job_ids", jobIds.ToList())), cancellationToken);

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

        if (query.After is { } after)
        {
            conditions.Add("(created_at < $after_time OR (created_at = $after_time AND job_id < $after_id))");
            parameters.AddRange([("after_time", after.CreatedAt.UtcDateTime), ("after_id", after.JobId)]);
        }

        var where = conditions.Count == 0 ? "" : $" WHERE {string.Join(" AND ", conditions)}";
        var sql = $"{JobSql.SelectJobs}{where} ORDER BY created_at DESC, job_id DESC LIMIT $limit";
        return readers.ReadAsync<IReadOnlyList<JobRecord>>(
            connection => InSnapshot(
                connection, () => WithAttempts(connection, connection.Query(sql, JobRow.ReadJob, parameters))),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<JobRecord>> ListUnfinishedAsync(CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<JobRecord>>(
            connection => InSnapshot(connection, () => WithAttempts(connection, connection.Query(
                JobSql.ListUnfinished,
                JobRow.ReadJob,
                ("pending", JobStatusNames.Of(JobStatus.Pending)),
                ("running", JobStatusNames.Of(JobStatus.Running))))),
            cancellationToken);

    private static (JobRecord Job, bool Created) Insert(DuckDBConnection connection, JobRecord job)
    {
        if (job.RequestId is { } requestId)
        {
            if (FindByRequestId(connection, requestId) is { } earlier)
            {
                return (earlier, false);
            }

            connection.Execute(
                JobSql.InsertRequest, ("request_id", requestId), ("job_id", job.JobId),
                ("created_at", job.CreatedAt.UtcDateTime));
        }

        if (Find(connection, job.JobId) is not null)
        {
            throw new ArgumentException($"There is a job {job.JobId} already.", nameof(job));
        }

        connection.Execute(JobSql.InsertJob, JobRow.Values(job));
        PutAttempts(connection, job.JobId, before: [], job.Attempts);
        return (job, true);
    }

    private static (JobRecord? Before, JobRecord? After) Update(
        DuckDBConnection connection, Guid jobId, Func<JobRecord, JobRecord> transition)
    {
        if (Find(connection, jobId) is not { } before)
        {
            return (null, null);
        }

        var returned = transition(before);
        if (ReferenceEquals(returned, before))
        {
            return (before, before);
        }

        var after = JobPrecision.Cut(returned);
        JobIdentity.RequireSame(before, after);
        connection.Execute(JobSql.UpdateJob, [("job_id", jobId), .. JobRow.ChangingValues(after)]);
        PutAttempts(connection, jobId, before.Attempts, after.Attempts);
        return (before, after);
    }

    private JobRecord? Delete(DuckDBConnection connection, Guid jobId, Action<JobRecord> check)
    {
        if (Find(connection, jobId) is not { } job)
        {
            return null;
        }

        check(job);
        connection.Execute(JobSql.DeleteAttempts, ("job_id", jobId));
        connection.Execute(JobSql.DeleteJob, ("job_id", jobId));
        if (job.RequestId is { } requestId)
        {
            connection.Execute(JobSql.DeleteRequest, ("request_id", requestId));
        }

        connection.Execute(
            JobSql.InsertDeleted, ("job_id", jobId), ("deleted_at", time.GetUtcNow().UtcDateTime));
        return job;
    }

    private static void PutAttempts(
        DuckDBConnection connection, Guid jobId, IReadOnlyList<AttemptRecord> before,
        IReadOnlyList<AttemptRecord> after)
    {
        foreach (var gone in before.ExceptBy(after.Select(attempt => attempt.Number), attempt => attempt.Number))
        {
            connection.Execute(JobSql.DeleteAttempt, ("job_id", jobId), ("number", gone.Number));
        }

        // An attempt that was not touched is the same but for its failure's dictionary, which compares by reference.
        foreach (var changed in after.Except(before))
        {
            connection.Execute(JobSql.PutAttempt, JobRow.Values(jobId, changed));
        }
    }

    private static JobRecord? Find(DuckDBConnection connection, Guid jobId)
    {
        (string, object?) key = ("job_id", jobId);
        return connection.Query(JobSql.FindJob, JobRow.ReadJob, key) is [var job]
            ? job with { Attempts = connection.Query(JobSql.FindAttempts, JobRow.ReadAttempt, key) }
            : null;
    }

    /// <summary>The attempts of a page of jobs, in one query.</summary>
    private static List<JobRecord> WithAttempts(DuckDBConnection connection, List<JobRecord> jobs)
    {
        var attempts = connection
            .Query(
                JobSql.FindAttemptsOfJobs,
                reader => (JobId: reader.GetGuid(0), Attempt: JobRow.ReadAttempt(reader)),
                ("job_ids", jobs.Select(job => job.JobId).ToList()))
            .ToLookup(row => row.JobId, row => row.Attempt);
        return [.. jobs.Select(job => job with { Attempts = [.. attempts[job.JobId]] })];
    }

    private static JobRecord? FindByRequestId(DuckDBConnection connection, Guid requestId) =>
        connection.Query(JobSql.FindRequest, ReadId, ("request_id", requestId)) is [var jobId]
            ? Find(connection, jobId)
            : null;

    /// <summary>A job and its attempts are two queries; in one transaction no change comes between them.</summary>
    private static T InSnapshot<T>(DuckDBConnection connection, Func<T> query)
    {
        using var transaction = connection.BeginTransaction();
        var result = query();
        transaction.Commit();
        return result;
    }

    private static Guid ReadId(DuckDBDataReader reader) => reader.GetGuid(0);
}
