namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>
/// The changes of one commit, decided one after the other in memory: each sees what those before it made. Pure; what
/// it needs of the store it is given.
/// </summary>
/// <param name="stored">The stored records of the jobs that the changes are about, as far as there are any.</param>
/// <param name="storedRequests">The jobs of the request ids that the changes want to use, as far as there are
/// any.</param>
internal sealed class CommitBatch(
    IReadOnlyDictionary<Guid, JobRecord> stored, IReadOnlyDictionary<Guid, Guid> storedRequests)
{
    private readonly Dictionary<Guid, JobRecord?> _jobs = [];
    private readonly Dictionary<Guid, RequestRow?> _requests = [];
    private readonly List<RequestRow> _goneRequests = [];
    private readonly HashSet<Guid> _tombstones = [];
    private readonly List<JobCommit> _commits = [];

    /// <summary>Every change of a job, in order.</summary>
    public IReadOnlyList<JobCommit> Commits => _commits;

    /// <summary>The job after the changes so far; null where there is none.</summary>
    public JobRecord? Find(Guid jobId) =>
        _jobs.TryGetValue(jobId, out var job) ? job : stored.GetValueOrDefault(jobId);

    /// <summary>The job that has a request id after the changes so far; null where there is none.</summary>
    public JobRecord? FindByRequestId(Guid requestId) =>
        OwnerOf(requestId) is { } jobId ? Find(jobId) : null;

    /// <summary>Adds a job; its request id is free.</summary>
    /// <exception cref="ArgumentException">There is a job with its id.</exception>
    public void Add(JobRecord job)
    {
        if (Find(job.JobId) is not null)
        {
            throw new ArgumentException($"There is a job {job.JobId} already.", nameof(job));
        }

        _jobs[job.JobId] = job;
        if (job.RequestId is { } requestId)
        {
            if (OwnerOf(requestId) is { } missing)
            {
                // Whoever had the id is not there any more, or it would have been found.
                _goneRequests.Add(new RequestRow(requestId, missing, job.CreatedAt));
            }

            _requests[requestId] = new RequestRow(requestId, job.JobId, job.CreatedAt);
        }

        _commits.Add(new JobCommit(job.JobId, null, job));
    }

    /// <summary>Puts the next record of a job in the place of the one before.</summary>
    public void Replace(JobRecord before, JobRecord after)
    {
        _jobs[before.JobId] = after;
        _commits.Add(new JobCommit(before.JobId, before, after));
    }

    /// <summary>Removes a job with its attempts and, where it still is the job's, its request id.</summary>
    public void Remove(JobRecord job)
    {
        _jobs[job.JobId] = null;
        _tombstones.Add(job.JobId);
        if (job.RequestId is { } requestId && OwnerOf(requestId) is var owner && (owner ?? job.JobId) == job.JobId)
        {
            _requests[requestId] = null;
            _goneRequests.Add(new RequestRow(requestId, job.JobId, job.CreatedAt));
        }

        _commits.Add(new JobCommit(job.JobId, job, null));
    }

    /// <summary>What all changes come to: several changes of one job are one write.</summary>
    public ChangeSet Rows()
    {
        var rows = new ChangeSetBuilder();
        foreach (var (jobId, after) in _jobs)
        {
            rows.Add(stored.GetValueOrDefault(jobId), after, isReplaced: _tombstones.Contains(jobId));
        }

        return rows.Build(
            [.. _requests.Values.OfType<RequestRow>()],
            _goneRequests,
            [.. _tombstones]);
    }

    private Guid? OwnerOf(Guid requestId)
    {
        if (_requests.TryGetValue(requestId, out var row))
        {
            return row?.JobId;
        }

        return storedRequests.TryGetValue(requestId, out var jobId) ? jobId : null;
    }
}
