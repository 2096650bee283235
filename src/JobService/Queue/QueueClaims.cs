using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Claims the jobs that the queue of this process gives. While no InferenceService serves, or none can read the stored
/// videos, jobs stay pending and use no attempt.
/// </summary>
internal sealed class QueueClaims : IJobClaims
{
    private readonly IJobStore _store;
    private readonly JobRecovery _recovery;
    private readonly IJobQueue _queue;
    private readonly PendingJobs _pending;
    private readonly InferenceAvailability _availability;
    private readonly StorageAccess _storageAccess;
    private readonly LeaseOptions _lease;
    private readonly ILogger _logger;

    public QueueClaims(
        IJobStore store, JobRecovery recovery, IJobQueue queue, PendingJobs pending,
        InferenceAvailability availability, StorageAccess storageAccess, IOptions<LeaseOptions> lease,
        ILogger<QueueClaims> logger)
    {
        (_store, _recovery, _queue, _pending) = (store, recovery, queue, pending);
        (_availability, _storageAccess, _lease, _logger) = (availability, storageAccess, lease.Value, logger);
        storageAccess.ReadableAgain += waiting =>
        {
            foreach (var jobId in waiting)
            {
                pending.QueueNow(jobId);
            }
        };
    }

    /// <summary>Recovers the jobs of the previous run.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => _recovery.RunAsync(cancellationToken);

    /// <inheritdoc />
    public async Task<JobTurn> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _availability.WaitAsync(cancellationToken);
            var place = await _queue.DequeueAsync(cancellationToken);
            JobTurn? turn = null;
            try
            {
                turn = await TryClaimAsync(place, cancellationToken);
            }
            finally
            {
                if (turn is null)
                {
                    End(place);
                }
            }

            if (turn is not null)
            {
                return turn;
            }
        }
    }

    /// <summary>Claims a job outside its turn; null if it is not pending.</summary>
    public Task<JobTurn?> TryClaimAsync(Guid jobId, CancellationToken cancellationToken) =>
        ClaimAsync(new QueuePlace(jobId, () => { }), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<QueueStanding>> StandingsOfAsync(
        IReadOnlyList<JobRecord> pending, CancellationToken cancellationToken) =>
        new([
            .. pending.Select(job => new QueueStanding(
                _pending.IsScheduled(job.JobId),

                // A pending job outside the queue was just dequeued from the front.
                _queue.PositionOf(job.JobId) ?? 1)),
        ]);

    /// <inheritdoc />
    public ValueTask<QueueCounts> CountAsync(string? tenant, CancellationToken cancellationToken) =>
        new(_pending.CountOf(tenant));

    private async Task<JobTurn?> TryClaimAsync(QueuePlace place, CancellationToken cancellationToken)
    {
        // The last InferenceService can be lost while the worker waits for a job.
        if (!await _availability.IsAvailableAsync(cancellationToken))
        {
            return null;
        }

        if (await _storageAccess.DelayOfAsync(place.JobId, cancellationToken) is { } delay)
        {
            _pending.Postpone(place.JobId, delay);
            return null;
        }

        return await ClaimAsync(place, cancellationToken);
    }

    private async Task<JobTurn?> ClaimAsync(QueuePlace place, CancellationToken cancellationToken)
    {
        JobRecord? waiting = null;
        var token = Guid.NewGuid();
        try
        {
            var claimed = await _store.UpdateAsync(
                place.JobId,
                (job, now) => JobTransitions.Claim(waiting = job, token, now, _lease.LeaseDuration),
                cancellationToken);
            return claimed is null ? null : new JobTurn(waiting!, claimed, () => End(place));
        }
        catch (TransitionRefusedException refused)
        {
            // The queue is a hint: the job can be claimed or ended since its id was queued.
            _logger.LogDebug("Job {JobId} not claimed: {Message}", place.JobId, refused.Message);
            return null;
        }
    }

    /// <summary>Queues the job again if it is still pending, and frees its place.</summary>
    private void End(QueuePlace place)
    {
        _pending.Return(place.JobId);
        place.Dispose();
    }
}
