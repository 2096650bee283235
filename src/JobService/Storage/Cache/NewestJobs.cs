namespace ForegSyte.Jobs.Storage.Cache;

/// <summary>
/// The newest jobs in their order, so that first pages do not grow with the table. What is kept is always exactly the
/// newest of all, so many of them as there happen to be. Safe for many threads.
/// </summary>
internal sealed class NewestJobs
{
    /// <summary>
    /// Jobs to load: the largest page (1000), the one more that tells whether another follows, and spare.
    /// </summary>
    public const int LoadCount = 1_501;

    /// <summary>When this many are kept, the oldest leave down to <see cref="LoadCount"/>.</summary>
    private const int MaxCount = 2_001;

    /// <summary>Below this, deletions have left too few for the largest page.</summary>
    private const int MinCount = 1_001;

    private readonly Lock _lock = new();

    // Oldest first: a new job goes to the end.
    private List<JobRecord> _jobs = [];
    private bool _isAll;

    /// <summary>Whether deletions have left too few, and the database has more.</summary>
    public bool NeedsLoad
    {
        get
        {
            lock (_lock)
            {
                return !_isAll && _jobs.Count < MinCount;
            }
        }
    }

    /// <summary>Takes what the database has: its newest jobs, at most <see cref="LoadCount"/>, newest first.</summary>
    public void Load(IReadOnlyList<JobRecord> newest)
    {
        lock (_lock)
        {
            _jobs = [.. newest.Reverse()];
            _isAll = newest.Count < LoadCount;
        }
    }

    /// <summary>Follows a change.</summary>
    public void Apply(JobCommit commit)
    {
        var job = (commit.After ?? commit.Before)!;
        lock (_lock)
        {
            var index = _jobs.BinarySearch(job, Order);
            switch (commit)
            {
                case { After: null } when index >= 0:
                    _jobs.RemoveAt(index);
                    break;
                case { After: not null } when index >= 0:
                    _jobs[index] = job;
                    break;
                case { Before: null } when ~index > 0 || _isAll:
                    Insert(~index, job);
                    break;
            }
        }
    }

    /// <summary>
    /// A page without a filter, of one tenant or, where that is null, of all; null where only the database can tell.
    /// </summary>
    public IReadOnlyList<JobRecord>? Page(JobPosition? after, int limit, string? tenant)
    {
        lock (_lock)
        {
            var page = new List<JobRecord>();
            var end = after is null ? _jobs.Count : EndBefore(after);
            for (var index = end - 1; index >= 0 && page.Count < limit; index--)
            {
                if (tenant is null || _jobs[index].Tenant == tenant)
                {
                    page.Add(_jobs[index]);
                }
            }

            return page.Count == limit || _isAll ? page : null;
        }
    }

    private void Insert(int index, JobRecord job)
    {
        _jobs.Insert(index, job);
        if (_jobs.Count > MaxCount)
        {
            _jobs.RemoveRange(0, _jobs.Count - LoadCount);
            _isAll = false;
        }
    }

    /// <summary>How many of the kept jobs come after a position in a list that begins with the newest.</summary>
    private int EndBefore(JobPosition position)
    {
        var (low, high) = (0, _jobs.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Compare(_jobs[middle], position.CreatedAt, position.JobId) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private static int Compare(JobRecord job, DateTimeOffset createdAt, Guid jobId) =>
        job.CreatedAt.CompareTo(createdAt) is var order and not 0 ? order : job.JobId.CompareTo(jobId);

    private static readonly Comparer<JobRecord> Order =
        Comparer<JobRecord>.Create((left, right) => Compare(left, right.CreatedAt, right.JobId));
}
