using DuckDB.NET.Data;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Stores jobs in a migrated DuckDB: changes go through <see cref="DuckDbWriter"/>, reads come from the cache or the
/// database.
/// </summary>
internal sealed class DuckDbJobStore(
    DuckDbWriter writer, DuckDbReaders readers, JobDataLoader loader, JobCache cache) : IJobStore
{
    /// <inheritdoc />
    public event Action<JobCommit>? Committed
    {
        add => writer.Committed += value;
        remove => writer.Committed -= value;
    }

    /// <inheritdoc />
    public Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken)
    {
        var added = JobPrecision.Cut(job);
        return writer.ChangeAsync(
            new JobKey(added.JobId, added.RequestId, IsNew: true), batch => batch.Insert(added), cancellationToken);
    }

    /// <inheritdoc />
    public Task<JobRecord?> UpdateAsync(
        Guid jobId, Func<JobRecord, JobRecord> transition, CancellationToken cancellationToken) =>
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
            // The first comparison lets DuckDB skip the row groups of newer jobs.
            conditions.Add("created_at <= $after_time AND (created_at < $after_time OR job_id < $after_id)");
            parameters.AddRange([("after_time", after.CreatedAt.UtcDateTime), ("after_id", after.JobId)]);
        }

        var where = conditions.Count == 0 ? "" : $" WHERE {string.Join(" AND ", conditions)}";
        var sql = $"{JobRows.SelectJobs}{where} ORDER BY created_at DESC, job_id DESC LIMIT $limit";
        return readers.ReadAsync<IReadOnlyList<JobRecord>>(
            connection => connection.InSnapshot(() => JobRows.List(connection, sql, parameters)),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<JobRecord>> ListUnfinishedAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<IReadOnlyList<JobRecord>>(cancellationToken)
            : Task.FromResult(cache.Unfinished());

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

/// <summary>What a change needs to know of the store.</summary>
/// <param name="JobId">The job to change.</param>
/// <param name="RequestId">The request id to store; null for none.</param>
/// <param name="IsNew">Whether the job is new.</param>
internal readonly record struct JobKey(Guid JobId, Guid? RequestId = null, bool IsNew = false);

/// <summary>
/// The changes of one commit, decided in memory one after the other: each sees the results of the earlier ones. A
/// change that throws leaves the batch as it was. Pure once <see cref="Load"/> has read the records.
/// </summary>
/// <param name="stored">The stored records of the jobs to change, as far as they exist.</param>
/// <param name="storedRequests">The jobs of the request ids to store, as far as they are looked up and exist.</param>
internal sealed class CommitBatch(
    IReadOnlyDictionary<Guid, JobRecord> stored, IReadOnlyDictionary<Guid, Guid> storedRequests)
{
    private readonly Dictionary<Guid, JobRecord?> _jobs = [];
    private readonly Dictionary<Guid, RequestRow?> _requests = [];
    private readonly List<RequestRow> _deletedRequests = [];
    private readonly HashSet<Guid> _tombstones = [];
    private readonly List<JobCommit> _commits = [];

    /// <summary>Every change of a job, in order.</summary>
    public IReadOnlyList<JobCommit> Commits => _commits;

    /// <summary>Reads the records that the changes need, from the cache or in one query.</summary>
    /// <param name="connection">The writer's connection.</param>
    /// <param name="cache">The cache of the store.</param>
    /// <param name="keys">What the changes need, one for each.</param>
    /// <param name="withNewKeys">
    /// Whether to look up new job ids and request ids too. Both are random, so a first try leaves duplicates to the
    /// primary keys.
    /// </param>
    public static CommitBatch Load(
        DuckDBConnection connection, JobCache cache, IReadOnlyList<JobKey> keys, bool withNewKeys)
    {
        // Several changes of one new id can be decided without writing its keys, so the primary keys find no duplicate.
        var added = keys.Where(key => key.IsNew).Select(key => key.JobId).ToList();
        var newIds = added.ToHashSet();
        withNewKeys |= newIds.Count < added.Count || keys.Any(key => !key.IsNew && newIds.Contains(key.JobId));
        var requestIds = keys.Select(key => key.RequestId).OfType<Guid>().ToList();
        var requests = withNewKeys ? JobRows.FindRequests(connection, requestIds) : [];
        var jobIds = keys.Where(key => withNewKeys || !key.IsNew).Select(key => key.JobId)
            .Concat(requests.Values)
            .ToHashSet();
        var cached = jobIds.Select(cache.Find).OfType<JobRecord>().ToList();
        jobIds.ExceptWith(cached.Select(job => job.JobId));
        return new CommitBatch(
            cached.Concat(JobRows.Find(connection, jobIds)).ToDictionary(job => job.JobId), requests);
    }

    /// <summary>Adds a job, unless its request id belongs to another one, which is then returned.</summary>
    /// <exception cref="ArgumentException">A job with its id exists.</exception>
    public (JobRecord Job, bool Created) Insert(JobRecord job)
    {
        var owner = job.RequestId is { } id ? OwnerOf(id) : null;
        if (owner is not null && Find(owner.Value) is { } earlier)
        {
            return (earlier, false);
        }

        if (Find(job.JobId) is not null)
        {
            throw new ArgumentException($"The job {job.JobId} exists already.", nameof(job));
        }

        _jobs[job.JobId] = job;
        if (job.RequestId is { } requestId)
        {
            if (owner is { } deleted)
            {
                _deletedRequests.Add(new RequestRow(requestId, deleted, job.CreatedAt));
            }

            _requests[requestId] = new RequestRow(requestId, job.JobId, job.CreatedAt);
        }

        _commits.Add(new JobCommit(job.JobId, null, job));
        return (job, true);
    }

    /// <summary>
    /// Replaces a job with the result of a transition, unless that is the same instance. Returns the job; null if it
    /// does not exist.
    /// </summary>
    public JobRecord? Update(Guid jobId, Func<JobRecord, JobRecord> transition)
    {
        if (Find(jobId) is not { } before)
        {
            return null;
        }

        var returned = transition(before);
        if (ReferenceEquals(returned, before))
        {
            return before;
        }

        var after = JobPrecision.Cut(returned);
        JobIdentity.RequireSame(before, after);
        _jobs[jobId] = after;
        _commits.Add(new JobCommit(jobId, before, after));
        return after;
    }

    /// <summary>
    /// Deletes a job with its attempts and its request id, unless another job has that by now. Returns the job; null if
    /// it does not exist.
    /// </summary>
    public JobRecord? Delete(Guid jobId, Action<JobRecord> check)
    {
        if (Find(jobId) is not { } job)
        {
            return null;
        }

        check(job);
        _jobs[jobId] = null;
        _tombstones.Add(jobId);
        if (job.RequestId is { } requestId && (OwnerOf(requestId) ?? jobId) == jobId)
        {
            _requests[requestId] = null;
            _deletedRequests.Add(new RequestRow(requestId, jobId, job.CreatedAt));
        }

        _commits.Add(new JobCommit(jobId, job, null));
        return job;
    }

    /// <summary>The rows to write: several changes of a job are one row.</summary>
    public ChangeSet ToChangeSet()
    {
        var changes = new ChangeSet
        {
            NewRequests = [.. _requests.Values.OfType<RequestRow>()],
            DeletedRequests = _deletedRequests,
            Tombstones = [.. _tombstones],
        };
        foreach (var (jobId, after) in _jobs)
        {
            var before = stored.GetValueOrDefault(jobId);
            if (before is not null && (after is null || _tombstones.Contains(jobId)))
            {
                changes.DeletedJobs.Add(jobId);
                before = null;
            }

            if (after is not null)
            {
                (before is null ? changes.NewJobs : changes.ChangedJobs).Add(after);
                AddAttempts(changes, jobId, before?.Attempts ?? [], after.Attempts);
            }
        }

        return changes;
    }

    private static void AddAttempts(
        ChangeSet changes, Guid jobId, IReadOnlyList<AttemptRecord> before, IReadOnlyList<AttemptRecord> after)
    {
        var old = before.ToDictionary(attempt => attempt.Number);
        foreach (var attempt in after)
        {
            if (!old.Remove(attempt.Number, out var earlier))
            {
                changes.NewAttempts.Add(new AttemptRow(jobId, attempt));
            }
            else if (earlier != attempt)
            {
                changes.ChangedAttempts.Add(new AttemptRow(jobId, attempt));
            }
        }

        changes.DeletedAttempts.AddRange(old.Values.Select(attempt => new AttemptRow(jobId, attempt)));
    }

    private JobRecord? Find(Guid jobId) =>
        _jobs.TryGetValue(jobId, out var job) ? job : stored.GetValueOrDefault(jobId);

    /// <summary>
    /// The job that owns a request id after the changes so far, even if it is deleted; null if unknown.
    /// </summary>
    private Guid? OwnerOf(Guid requestId)
    {
        if (_requests.TryGetValue(requestId, out var row))
        {
            return row?.JobId;
        }

        return storedRequests.TryGetValue(requestId, out var jobId) ? jobId : null;
    }
}
