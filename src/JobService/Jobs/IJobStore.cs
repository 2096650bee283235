using System.Globalization;

namespace ForegSyte.Jobs;

/// <summary>
/// The durable record of all jobs. When a method that changes something returns, the change survives a crash.
/// </summary>
internal interface IJobStore
{
    /// <summary>
    /// Raised after every durable change of a job that this process made, in commit order for each job and before the
    /// caller of the change continues. Handlers must be quick and must not throw.
    /// </summary>
    event Action<JobCommit>? Committed;

    /// <summary>
    /// Raised after other nodes changed jobs: unordered, several changes as one, and soon after the commit but not at
    /// once. A handler reads what it needs. Handlers must be quick and must not throw. Never raised if
    /// <see cref="IsShared"/> is false.
    /// </summary>
    event Action<JobChanges>? Changed;

    /// <summary>
    /// Whether other nodes use the store too. If they do not, every running job belongs to this process, and progress
    /// in memory is what all readers see.
    /// </summary>
    bool IsShared { get; }

    /// <summary>
    /// The time by the store's clock, which all nodes share. Leases and the times of records follow this clock; a
    /// change has its own exact time (<see cref="UpdateAsync"/>).
    /// </summary>
    DateTimeOffset Now { get; }

    /// <summary>
    /// Stores a new job. If a job with the same <see cref="JobRecord.RequestId"/> exists, returns that job with
    /// Created false, and the caller compares the fingerprints.
    /// </summary>
    Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken);

    /// <summary>Reads one job with its attempts; null if the job does not exist.</summary>
    ValueTask<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken);

    /// <summary>Reads the job with this request id; null if no job has it.</summary>
    Task<JobRecord?> FindByRequestIdAsync(Guid requestId, CancellationToken cancellationToken);

    /// <summary>
    /// Finds the job that completed last of those with the tenant, the video, the pipeline and the options of a job,
    /// and with results of a version of the pipeline; null if there is none.
    /// </summary>
    /// <param name="job">The job; its video's hash is known.</param>
    /// <param name="pipelineVersion">Pipeline.version of the pipeline now.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    Task<Guid?> FindReusableAsync(JobRecord job, string pipelineVersion, CancellationToken cancellationToken);

    /// <summary>
    /// Applies a pure transition to the stored record and stores the result in one atomic step: no other change of the
    /// job comes between. If the transition throws, nothing changes and the exception reaches the caller. If it returns
    /// the same instance, nothing is written. Returns null if the job does not exist. The store can call the transition
    /// again after a failed commit.
    /// </summary>
    /// <param name="jobId">The job.</param>
    /// <param name="transition">Gets the stored record and the time by the store's clock.</param>
    /// <param name="cancellationToken">Cancels a change whose commit has not started.</param>
    Task<JobRecord?> UpdateAsync(
        Guid jobId, Func<JobRecord, DateTimeOffset, JobRecord> transition, CancellationToken cancellationToken);

    /// <summary>
    /// Removes a job, its attempts and its request id in one atomic step and leaves a tombstone until its artifacts are
    /// removed (<see cref="ListDeletedAsync"/>). If the check throws, nothing changes and the exception reaches the
    /// caller. Returns the removed record; null if the job does not exist.
    /// </summary>
    Task<JobRecord?> DeleteAsync(Guid jobId, Action<JobRecord> check, CancellationToken cancellationToken);

    /// <summary>Ids of tombstones: deleted jobs that can still have artifacts.</summary>
    Task<IReadOnlyList<Guid>> ListDeletedAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Removes the tombstones of jobs whose artifacts are gone.</summary>
    Task ForgetDeletedAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken);

    /// <summary>Reads a page of jobs, newest first.</summary>
    Task<IReadOnlyList<JobRecord>> ListAsync(JobQuery query, CancellationToken cancellationToken);

    /// <summary>All pending and running jobs, ordered by <see cref="JobRecord.QueuedAt"/>.</summary>
    Task<IReadOnlyList<JobRecord>> ListUnfinishedAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Ids of running jobs whose lease has expired by the store's clock, unordered. Check the job again in the change
    /// that follows.
    /// </summary>
    Task<IReadOnlyList<Guid>> ListExpiredAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Number of jobs of each tenant that has any.</summary>
    Task<IReadOnlyList<TenantCount>> CountByTenantAsync(CancellationToken cancellationToken);

    /// <summary>Adds up the sizes of the videos and results of all jobs.</summary>
    Task<StoredSpace> SumSpaceAsync(CancellationToken cancellationToken);

    /// <summary>
    /// What each tenant uses by the changes of other nodes, present and former: with the changes of this process since
    /// its start, that is everything. A value can be negative, because a job can end on another node than it began.
    /// Empty if <see cref="IsShared"/> is false.
    /// </summary>
    Task<IReadOnlyList<TenantUsage>> UsageElsewhereAsync(CancellationToken cancellationToken);

    /// <summary>Terminal jobs that ended before a time, oldest end first.</summary>
    Task<IReadOnlyList<Guid>> ListEndedAsync(
        DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken);

    /// <summary>The subset of the ids that have a job; used by the sweep of artifacts.</summary>
    Task<IReadOnlySet<Guid>> FindKnownAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets the request ids of jobs that are older than a time; the same id then makes a new job. Returns how many.
    /// </summary>
    Task<int> ForgetRequestIdsAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps an ended run of a segment that failed or lost frames: the latest
    /// <see cref="SegmentRun.MaxStoredOfJob"/> of a job, until the job is deleted. Does nothing if the job does not
    /// exist.
    /// </summary>
    Task AddFailedSegmentAsync(Guid jobId, SegmentRun run, CancellationToken cancellationToken);

    /// <summary>The runs of a job that <see cref="AddFailedSegmentAsync"/> keeps, oldest end first.</summary>
    Task<IReadOnlyList<SegmentRun>> ListFailedSegmentsAsync(Guid jobId, CancellationToken cancellationToken);

    /// <summary>Counts this start of the service durably and returns the database's generation.</summary>
    Task<StoreGeneration> BeginGenerationAsync(CancellationToken cancellationToken);
}

/// <summary>A durable change of a job.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Before">The record before the change; null for a new job.</param>
/// <param name="After">The record after the change; null for a deleted job.</param>
internal sealed record JobCommit(Guid JobId, JobRecord? Before, JobRecord? After);

/// <summary>Jobs that other nodes changed.</summary>
/// <param name="JobIds">The jobs; null if every job can have changed, as after a lost connection.</param>
internal sealed record JobChanges(IReadOnlySet<Guid>? JobIds);

/// <summary>Selects the jobs of a page.</summary>
/// <param name="Filter">Condition; null for all jobs.</param>
/// <param name="After">The last job of the previous page; null for the first page.</param>
/// <param name="Limit">Maximum number of jobs.</param>
/// <param name="Tenant">Owner of the jobs; null for every tenant.</param>
internal sealed record JobQuery(JobFilter? Filter, JobPosition? After, int Limit, string? Tenant = null);

/// <summary>A position in the list of jobs: newest first, then by descending id.</summary>
/// <param name="CreatedAt">When the job was accepted, in whole microseconds.</param>
/// <param name="JobId">Id of the job.</param>
internal sealed record JobPosition(DateTimeOffset CreatedAt, Guid JobId);

/// <summary>Number of jobs of a tenant.</summary>
/// <param name="Tenant">Name of the tenant.</param>
/// <param name="Jobs">Jobs in any status.</param>
/// <param name="Pending">Pending jobs.</param>
internal sealed record TenantCount(string Tenant, int Jobs, int Pending);

/// <summary>What a tenant uses.</summary>
/// <param name="Tenant">Name of the tenant.</param>
/// <param name="Jobs">Jobs in any status.</param>
/// <param name="Pending">Pending jobs.</param>
/// <param name="VideoBytes">Size of the videos; a video counts once for each job.</param>
/// <param name="ResultBytes">Size of the results.</param>
internal sealed record TenantUsage(string Tenant, int Jobs, int Pending, long VideoBytes, long ResultBytes);

/// <summary>The sizes of the videos and results of all jobs.</summary>
/// <param name="Tenants">The sums of each tenant that has jobs.</param>
/// <param name="SharedBytes">Size of all videos less the size of the different ones of each tenant.</param>
internal sealed record StoredSpace(IReadOnlyList<TenantBytes> Tenants, long SharedBytes);

/// <summary>The sizes of a tenant's videos and results; a video counts once for each job.</summary>
/// <param name="Tenant">Name of the tenant.</param>
/// <param name="VideoBytes">Size of the videos.</param>
/// <param name="ResultBytes">Size of the results.</param>
internal sealed record TenantBytes(string Tenant, long VideoBytes, long ResultBytes);

/// <summary>
/// Identifies a start of the service on a database. The storage of artifacts notes the latest one: if the storage knows
/// a later generation than the database, the database is an older copy, and artifacts without a job are not garbage.
/// </summary>
/// <param name="DatabaseId">Created with the database.</param>
/// <param name="Generation">Number of starts on this database, from 1.</param>
internal sealed record StoreGeneration(Guid DatabaseId, long Generation)
{
    /// <summary>Reads the text form; a text that is none counts as written by an unknown database.</summary>
    public static StoreGeneration Parse(string text) =>
        text.Trim().Split(' ') is [var id, var number]
        && Guid.TryParseExact(id, "D", out var databaseId)
        && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var generation)
            ? new StoreGeneration(databaseId, generation)
            : new StoreGeneration(Guid.Empty, 0);

    /// <summary>The text form, as storages record it.</summary>
    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{DatabaseId:D} {Generation}");
}
