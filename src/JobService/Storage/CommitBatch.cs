using DuckDB.NET.Data;

namespace ForegSyte.Jobs.Storage;

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
/// <param name="now">The time of the changes by the store's clock.</param>
internal sealed class CommitBatch(
    IReadOnlyDictionary<Guid, JobRecord> stored, IReadOnlyDictionary<Guid, Guid> storedRequests, DateTimeOffset now)
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
    /// <param name="now">The time of the changes.</param>
    public static CommitBatch Load(
        DuckDBConnection connection, JobCache cache, IReadOnlyList<JobKey> keys, bool withNewKeys, DateTimeOffset now)
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
            cached.Concat(JobRows.Find(connection, jobIds)).ToDictionary(job => job.JobId), requests, now);
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
    public JobRecord? Update(Guid jobId, Func<JobRecord, DateTimeOffset, JobRecord> transition)
    {
        if (Find(jobId) is not { } before)
        {
            return null;
        }

        var returned = transition(before, now);
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
                if (HasTracks(after) && !HasTracks(before))
                {
                    changes.CompletedJobs.Add(jobId);
                }
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

    private static bool HasTracks(JobRecord? job) =>
        job is { Status: V1.JobStatus.Completed, HasTracks: true };

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
