namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>
/// A simple job store in memory, with one lock and one dictionary. It can pose as one that other nodes share.
/// </summary>
internal sealed class InMemoryJobStore(TimeProvider? time = null, bool isShared = false) : IJobStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, JobRecord> _jobs = [];
    private readonly Dictionary<Guid, Guid> _requestIds = [];
    private readonly List<Guid> _deleted = [];
    private readonly Dictionary<Guid, IReadOnlyList<SegmentRun>> _failedSegments = [];
    private readonly Guid _databaseId = Guid.NewGuid();
    private long _generation;

    public event Action<JobCommit>? Committed;

    public event Action<JobChanges>? Changed;

    public bool IsShared => isShared;

    public DateTimeOffset Now => (time ?? TimeProvider.System).GetUtcNow();

    /// <summary>What tenants use on other nodes.</summary>
    public IReadOnlyList<TenantUsage> Elsewhere { get; set; } = [];

    /// <summary>Changes a job as another node does: no commit of this process.</summary>
    public void ChangeElsewhere(Guid jobId, Func<JobRecord, JobRecord> transition)
    {
        lock (_lock)
        {
            _jobs[jobId] = JobPrecision.Cut(transition(_jobs[jobId]));
        }

        RaiseChanged(jobId);
    }

    /// <summary>Reports changes of other nodes; without an id, every job can have changed.</summary>
    public void RaiseChanged(Guid? jobId) =>
        Changed?.Invoke(new JobChanges(jobId is { } known ? new HashSet<Guid> { known } : null));

    public Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken) =>
        Run(() =>
        {
            if (job.RequestId is { } requestId && _requestIds.TryGetValue(requestId, out var earlier))
            {
                return (_jobs[earlier], false);
            }

            var kept = JobPrecision.Cut(job);
            if (!_jobs.TryAdd(job.JobId, kept))
            {
                throw new ArgumentException($"The job {job.JobId} exists already.");
            }

            if (job.RequestId is { } used)
            {
                _requestIds.Add(used, job.JobId);
            }

            Committed?.Invoke(new JobCommit(job.JobId, null, kept));
            return (kept, true);
        }, cancellationToken);

    public ValueTask<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken) =>
        new(Run(() => _jobs.GetValueOrDefault(jobId), cancellationToken));

    public Task<JobRecord?> FindByRequestIdAsync(Guid requestId, CancellationToken cancellationToken) =>
        Run(
            () => _requestIds.TryGetValue(requestId, out var jobId) ? _jobs[jobId] : null, cancellationToken);

    public Task<Guid?> FindReusableAsync(
        JobRecord job, string pipelineVersion, CancellationToken cancellationToken) =>
        Run(
            () => _jobs.Values
                .Where(other => other.Status == V1.JobStatus.Completed
                    && (other.Tenant, other.VideoSha256, other.PipelineId, other.PipelineVersion, other.MaxFrames)
                        == (job.Tenant, job.VideoSha256, job.PipelineId, pipelineVersion, job.MaxFrames)
                    && other.Choices.Equals(job.Choices)
                    && (job.Choices.FramesPerSecond > 0 || other.FrameStride == job.FrameStride))
                .OrderByDescending(other => other.EndedAt)
                .ThenByDescending(other => other.JobId)
                .Select(other => (Guid?)other.JobId)
                .FirstOrDefault(),
            cancellationToken);

    public Task<JobRecord?> UpdateAsync(
        Guid jobId, Func<JobRecord, DateTimeOffset, JobRecord> transition, CancellationToken cancellationToken) =>
        Run(() =>
        {
            if (!_jobs.TryGetValue(jobId, out var before))
            {
                return null;
            }

            var returned = transition(before, Now);
            if (!ReferenceEquals(returned, before))
            {
                var after = JobPrecision.Cut(returned);
                JobIdentity.RequireSame(before, after);
                _jobs[jobId] = after;
                Committed?.Invoke(new JobCommit(jobId, before, after));
            }

            return _jobs[jobId];
        }, cancellationToken);

    public Task<IReadOnlyList<JobRecord>> ListAsync(JobQuery query, CancellationToken cancellationToken) =>
        Run<IReadOnlyList<JobRecord>>(
            () =>
            [
                .. _jobs.Values
                    .Where(job => query.Filter is null || JobFilterEvaluator.Matches(query.Filter, job))
                    .Where(job => query.Tenant is null || job.Tenant == query.Tenant)
                    .Where(job => query.After is null || Compare(job, query.After) > 0)
                    .OrderByDescending(job => job.CreatedAt)
                    .ThenByDescending(job => job.JobId)
                    .Take(query.Limit),
            ],
            cancellationToken);

    public Task<JobRecord?> DeleteAsync(Guid jobId, Action<JobRecord> check, CancellationToken cancellationToken) =>
        Run(() =>
        {
            if (!_jobs.TryGetValue(jobId, out var job))
            {
                return null;
            }

            check(job);
            _jobs.Remove(jobId);
            _failedSegments.Remove(jobId);
            _deleted.Add(jobId);
            if (job.RequestId is { } requestId && _requestIds.GetValueOrDefault(requestId) == jobId)
            {
                _requestIds.Remove(requestId);
            }

            Committed?.Invoke(new JobCommit(jobId, job, null));
            return job;
        }, cancellationToken);

    public Task<IReadOnlyList<Guid>> ListDeletedAsync(int limit, CancellationToken cancellationToken) =>
        Run<IReadOnlyList<Guid>>(() => [.. _deleted.Take(limit)], cancellationToken);

    public Task ForgetDeletedAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) =>
        Run(() => _deleted.RemoveAll(jobIds.Contains), cancellationToken);

    public Task<IReadOnlyList<JobRecord>> ListUnfinishedAsync(CancellationToken cancellationToken) =>
        Run<IReadOnlyList<JobRecord>>(
            () => [.. _jobs.Values.Where(job => !job.IsTerminal).OrderBy(job => job.QueuedAt).ThenBy(job => job.JobId)],
            cancellationToken);

    public Task<IReadOnlyList<Guid>> ListExpiredAsync(int limit, CancellationToken cancellationToken) =>
        Run<IReadOnlyList<Guid>>(
            () =>
            [
                .. _jobs.Values.Where(job => JobTransitions.HasExpiredLease(job, Now)).Take(limit)
                    .Select(job => job.JobId),
            ],
            cancellationToken);

    public Task<IReadOnlyList<TenantUsage>> UsageElsewhereAsync(CancellationToken cancellationToken) =>
        Run(() => Elsewhere, cancellationToken);

    public Task<IReadOnlyList<TenantCount>> CountByTenantAsync(CancellationToken cancellationToken) =>
        Run<IReadOnlyList<TenantCount>>(
            () =>
            [
                .. _jobs.Values.GroupBy(job => job.Tenant).Select(jobs => new TenantCount(
                    jobs.Key, jobs.Count(), jobs.Count(job => job.Status == V1.JobStatus.Pending))),
            ],
            cancellationToken);

    public Task<StoredSpace> SumSpaceAsync(CancellationToken cancellationToken) => Run(
        () => new StoredSpace(
            [
                .. _jobs.Values.GroupBy(job => job.Tenant).Select(jobs => new TenantBytes(
                    jobs.Key, jobs.Sum(job => job.VideoBytes), jobs.Sum(job => job.ResultBytes))),
            ],
            _jobs.Values.Where(job => job.VideoSha256 is not null).GroupBy(job => (job.Tenant, job.VideoSha256))
                .Sum(jobs => jobs.Skip(1).Sum(job => job.VideoBytes))),
        cancellationToken);

    public Task<IReadOnlyList<Guid>> ListEndedAsync(
        DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken) =>
        Run<IReadOnlyList<Guid>>(
            () =>
            [
                .. _jobs.Values
                    .Where(job => job.EndedAt < endedBefore)
                    .OrderBy(job => job.EndedAt)
                    .ThenBy(job => job.JobId)
                    .Take(limit)
                    .Select(job => job.JobId),
            ],
            cancellationToken);

    public Task<IReadOnlySet<Guid>> FindKnownAsync(
        IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) =>
        Run<IReadOnlySet<Guid>>(() => jobIds.Where(_jobs.ContainsKey).ToHashSet(), cancellationToken);

    public Task<int> ForgetRequestIdsAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        Run(
            () => _requestIds.Where(pair => _jobs[pair.Value].CreatedAt < before).ToList()
                .Count(pair => _requestIds.Remove(pair.Key)),
            cancellationToken);

    public Task AddFailedSegmentAsync(Guid jobId, SegmentRun run, CancellationToken cancellationToken) =>
        Run(
            () =>
            {
                if (_jobs.ContainsKey(jobId))
                {
                    var kept = run with
                    {
                        StartedAt = JobPrecision.Cut(run.StartedAt),
                        EndedAt = JobPrecision.Cut(run.EndedAt!.Value),
                    };
                    _failedSegments[jobId] =
                    [
                        .. _failedSegments.GetValueOrDefault(jobId, []).Append(kept)
                            .OrderBy(item => item.EndedAt)
                            .TakeLast(SegmentRun.MaxStoredOfJob),
                    ];
                }

                return true;
            },
            cancellationToken);

    public Task<IReadOnlyList<SegmentRun>> ListFailedSegmentsAsync(Guid jobId, CancellationToken cancellationToken) =>
        Run(() => _failedSegments.GetValueOrDefault(jobId, []), cancellationToken);

    public Task<StoreGeneration> BeginGenerationAsync(CancellationToken cancellationToken) =>
        Run(() => new StoreGeneration(_databaseId, ++_generation), cancellationToken);

    /// <summary>Positive if the job follows the position in a list.</summary>
    private static int Compare(JobRecord job, JobPosition position) =>
        position.CreatedAt.CompareTo(job.CreatedAt) is var order and not 0
            ? order
            : position.JobId.CompareTo(job.JobId);

    private Task<T> Run<T>(Func<T> change, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }

        try
        {
            lock (_lock)
            {
                return Task.FromResult(change());
            }
        }
        catch (Exception failure)
        {
            return Task.FromException<T>(failure);
        }
    }
}
