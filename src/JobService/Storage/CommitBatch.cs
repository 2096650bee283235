using DuckDB.NET.Data;

namespace ForegSyte.Jobs.Storage;

/// <summary>What a change needs to know of the store.</summary>
/// <param name="JobId">The job to change.</param>
/// <param name="RequestId">The request id to store; null for none.</param>
/// <param name="IsNew">Whether the job is new.</param>
internal readonly record struct JobKey(Guid JobId, Guid? RequestId = null, bool IsNew = false);

/// <summary>
/// A queued write. It either starts or is cancelled; once started, its caller learns the outcome after the commit,
/// since a failed commit is repeated.
/// </summary>
internal abstract class PendingWrite
{
    // Continuations run elsewhere: this thread has the next batch to commit.
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isTaken;

    public Task Completion => _completion.Task;

    /// <summary>The exception of the change itself, which fails only its own caller.</summary>
    protected Exception? Refusal { get; set; }

    public bool TryStart() => !Interlocked.Exchange(ref _isTaken, true);

    public void TryCancel(CancellationToken cancellationToken)
    {
        if (TryStart())
        {
            _completion.SetCanceled(cancellationToken);
        }
    }

    public void Complete()
    {
        if (Refusal is null)
        {
            _completion.SetResult();
        }
        else
        {
            Fail(Refusal);
        }
    }

    public void Fail(Exception failure) => _completion.SetException(failure);
}

/// <summary>A queued change of a job.</summary>
internal sealed class JobChange(JobKey key, Action<CommitBatch> apply) : PendingWrite
{
    public JobKey Key => key;

    /// <summary>Makes the change in a batch; also again, in another batch, after a failed commit.</summary>
    public void Apply(CommitBatch batch)
    {
        Refusal = null;
        try
        {
            apply(batch);
        }
        catch (Exception refusal)
        {
            Refusal = refusal;
        }
    }
}

/// <summary>Queued statements that are committed in a transaction of their own.</summary>
internal sealed class Statements(Action<DuckDBConnection> run) : PendingWrite
{
    public void Run(DuckDBConnection connection) => run(connection);
}

/// <summary>
/// The changes of one commit, decided in memory one after the other: each sees the results of the earlier ones. Pure. A
/// change that throws leaves the batch as it was.
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

    public required IReadOnlyList<RequestRow> DeletedRequests { get; init; }

    public required IReadOnlyList<RequestRow> NewRequests { get; init; }

    /// <summary>
    /// Deleted jobs whose artifacts must be deleted, including jobs that were added in the same batch.
    /// </summary>
    public required IReadOnlyList<Guid> Tombstones { get; init; }

    /// <summary>Whether there is nothing to write. A deletion always leaves a tombstone.</summary>
    public bool IsEmpty => NewJobs.Count + ChangedJobs.Count + Tombstones.Count == 0;
}
