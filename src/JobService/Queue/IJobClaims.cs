namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Gives the dispatcher its jobs: claims the job whose turn it is, tenants in turn and the jobs of a tenant by rank. It
/// knows which jobs wait and in which order.
/// </summary>
internal interface IJobClaims
{
    /// <summary>Prepares the claims. Called once, before the service accepts calls.</summary>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Waits until an InferenceService serves, a job can run and its tenant has a free place; claims the job for
    /// <see cref="LeaseOptions.LeaseDuration"/>. A call that is cancelled
    /// while it waits claims nothing; one whose claim is under way returns its turn.
    /// </summary>
    Task<JobTurn> NextAsync(CancellationToken cancellationToken);

    /// <summary>How each of several pending jobs waits, in the order of the jobs.</summary>
    ValueTask<IReadOnlyList<QueueStanding>> StandingsOfAsync(
        IReadOnlyList<JobRecord> pending, CancellationToken cancellationToken);

    /// <summary>Counts the pending jobs of a tenant, or of all tenants if it is null.</summary>
    ValueTask<QueueCounts> CountAsync(string? tenant, CancellationToken cancellationToken);
}

/// <summary>
/// A claimed job, which holds a place of its tenant until it is disposed. A job that is pending then waits again.
/// </summary>
/// <param name="waiting">The pending job before its claim.</param>
/// <param name="claimed">The running job with its new lease.</param>
/// <param name="end">Frees the place.</param>
internal sealed class JobTurn(JobRecord waiting, JobRecord claimed, Action end) : IDisposable
{
    private Action? _end = end;

    public JobRecord Waiting => waiting;

    public JobRecord Claimed => claimed;

    public Guid JobId => claimed.JobId;

    /// <summary>The lease token of the claim.</summary>
    public Guid Token { get; } = claimed.Lease!.Token;

    /// <inheritdoc />
    public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
}

/// <summary>How a pending job waits.</summary>
/// <param name="IsScheduled">Whether it waits for its back-off.</param>
/// <param name="Position">Its position among the queued jobs of its tenant, from 1, unless it is scheduled.</param>
internal readonly record struct QueueStanding(bool IsScheduled, int Position);

/// <summary>The numbers of pending jobs.</summary>
/// <param name="Pending">All of them, queued or scheduled.</param>
/// <param name="Scheduled">Those that wait for their back-off.</param>
/// <param name="OldestQueuedAt">Enqueue time of the oldest runnable job; null if no job is runnable.</param>
internal sealed record QueueCounts(int Pending, int Scheduled, DateTimeOffset? OldestQueuedAt)
{
    /// <summary>No pending jobs.</summary>
    public static QueueCounts None { get; } = new(0, 0, null);
}
