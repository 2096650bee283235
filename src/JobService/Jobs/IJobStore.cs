namespace ForegSyte.Jobs;

/// <summary>
/// The durable truth about jobs. When a method that changes something returns, the change survives a crash.
/// </summary>
internal interface IJobStore
{
    /// <summary>
    /// Stores a new job. A job with the same <see cref="JobRecord.RequestId"/> is not stored again: the job that has it
    /// is returned with Created false, and the caller compares the fingerprints.
    /// </summary>
    Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken);

    /// <summary>Reads one job with its attempts; null where there is none.</summary>
    Task<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken);

    /// <summary>Reads the job that was stored with this request id; null where there is none.</summary>
    Task<JobRecord?> FindByRequestIdAsync(Guid requestId, CancellationToken cancellationToken);

    /// <summary>
    /// Applies a pure transition to the stored record and stores what it returns, in one atomic step: no other change
    /// of the job comes between. A transition that throws changes nothing, and its exception reaches the caller. One
    /// that returns the same instance writes nothing. Returns null where there is no such job.
    /// </summary>
    Task<JobRecord?> UpdateAsync(
        Guid jobId, Func<JobRecord, JobRecord> transition, CancellationToken cancellationToken);

    /// <summary>Reads a page of jobs, newest first.</summary>
    Task<IReadOnlyList<JobRecord>> ListAsync(JobQuery query, CancellationToken cancellationToken);

    /// <summary>Ids of all jobs that are pending or running, oldest first.</summary>
    Task<IReadOnlyList<Guid>> ListUnfinishedAsync(CancellationToken cancellationToken);

    /// <summary>All ids, for the sweep of orphan files at start.</summary>
    IAsyncEnumerable<Guid> ListIdsAsync(CancellationToken cancellationToken);
}
