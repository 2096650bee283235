using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Queue;

/// <summary>Explains why pending jobs do not run yet.</summary>
internal sealed class WaitReasons(
    IJobClaims claims, InferenceAvailability availability, StorageAccess storageAccess, Drain drain)
{
    private static readonly Dictionary<Guid, QueueState> None = [];

    /// <summary>What each of the pending jobs waits for; without the others.</summary>
    public async ValueTask<IReadOnlyDictionary<Guid, QueueState>> OfAsync(
        IReadOnlyList<JobRecord> jobs, CancellationToken cancellationToken)
    {
        List<JobRecord> pending = [.. jobs.Where(job => job.Status == JobStatus.Pending)];
        if (pending.Count == 0)
        {
            return None;
        }

        var standings = await claims.StandingsOfAsync(pending, cancellationToken);
        return pending.Zip(standings).ToDictionary(pair => pair.First.JobId, pair => Of(pair.First, pair.Second));
    }

    private QueueState Of(JobRecord job, QueueStanding standing)
    {
        if (storageAccess.WaitOf(job.JobId) is not null)
        {
            return new QueueState { Reason = WaitReason.StorageUnreadable };
        }

        if (standing.IsScheduled)
        {
            return new QueueState { Reason = WaitReason.BackOff, NextAttemptAt = job.NextAttemptAt?.ToTimestamp() };
        }

        return new QueueState
        {
            Reason = drain.State != DrainState.NotDraining ? WaitReason.Draining
                : availability.IsUnavailable ? WaitReason.NoInferenceService
                : WaitReason.Queued,

            // Among the jobs of its tenant: what other tenants have in the queue is not shown.
            Position = standing.Position,
        };
    }
}
