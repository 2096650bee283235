namespace ForegSyte.Jobs;

/// <summary>
/// The durable truth about jobs. When a method that changes something returns, the change survives a crash.
/// </summary>
internal interface IJobStore
{
    /// <summary>
    /// Raised after every durable change of a job, in the order of the commits and before the caller of the change
    /// goes on.
    /// Handlers are quick and throw nothing.
    /// </summary>
    event Action<JobCommit>? Committed;

    /// <summary>
    /// Stores a new job. A job with the same <see cref="JobRecord.RequestId"/> is not stored again: the job that has it
    /// is returned with Created false, and the caller compares the fingerprints.
    /// </summary>
    Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken);

    /// <summary>Reads one job with its attempts; null where there is none.</summary>
    ValueTask<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken);

    /// <summary>Reads the job that was stored with this request id; null where there is none.</summary>
    Task<JobRecord?> FindByRequestIdAsync(Guid requestId, CancellationToken cancellationToken);

    /// <summary>
    /// Applies a pure transition to the stored record and stores what it returns, in one atomic step: no other change
    /// of the job comes between. A transition that throws changes nothing, and its exception reaches the caller. One
    /// that returns the same instance writes nothing. Returns null where there is no such job. The transition may be
    /// called again where a commit fails and is repeated.
    /// </summary>
    Task<JobRecord?> UpdateAsync(
        Guid jobId, Func<JobRecord, JobRecord> transition, CancellationToken cancellationToken);

    /// <summary>
    /// Removes a job, its attempts and its request id in one atomic step, and notes that its artifacts are to be
    /// removed (<see cref="ListDeletedAsync"/>). A check that throws changes nothing, and its exception reaches the
    /// caller. Returns the record that was removed; null where there is no such job.
    /// </summary>
    Task<JobRecord?> DeleteAsync(Guid jobId, Action<JobRecord> check, CancellationToken cancellationToken);

    /// <summary>Ids of deleted jobs whose artifacts may still be there, at most this many.</summary>
    Task<IReadOnlyList<Guid>> ListDeletedAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Forgets deleted jobs whose artifacts are gone.</summary>
    Task ForgetDeletedAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken);

    /// <summary>Reads a page of jobs, newest first.</summary>
    Task<IReadOnlyList<JobRecord>> ListAsync(JobQuery query, CancellationToken cancellationToken);

    /// <summary>All jobs that are pending or running, in the order in which they were queued.</summary>
    Task<IReadOnlyList<JobRecord>> ListUnfinishedAsync(CancellationToken cancellationToken);

    /// <summary>How many jobs each tenant has; tenants without any are left out.</summary>
    Task<IReadOnlyList<TenantCount>> CountByTenantAsync(CancellationToken cancellationToken);

    /// <summary>Terminal jobs that ended before a time, those that ended first first, at most this many.</summary>
    Task<IReadOnlyList<Guid>> ListEndedAsync(
        DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken);

    /// <summary>Those of the given ids that have a job; for the sweep of artifacts.</summary>
    Task<IReadOnlySet<Guid>> FindKnownAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets request ids that came before a time: the same id makes a new job from then on. Returns how many.
    /// </summary>
    Task<int> ForgetRequestIdsAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Counts this start of the service durably, and tells which database this is.</summary>
    Task<StoreGeneration> BeginGenerationAsync(CancellationToken cancellationToken);
}
