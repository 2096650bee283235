using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Queue;

/// <summary>Explains why a pending job does not run yet.</summary>
internal sealed class WaitReasons(
    PendingJobs pending, IJobQueue queue, InferenceAvailability availability, StorageAccess storageAccess, Drain drain)
{
    /// <summary>What a job waits for; null unless it is pending.</summary>
    public QueueState? Of(JobRecord job)
    {
        if (job.Status != JobStatus.Pending)
        {
            return null;
        }

        if (storageAccess.WaitOf(job.JobId) is not null)
        {
            return new QueueState { Reason = WaitReason.StorageUnreadable };
        }

        if (pending.IsScheduled(job.JobId))
        {
            return new QueueState { Reason = WaitReason.BackOff, NextAttemptAt = job.NextAttemptAt?.ToTimestamp() };
        }

        return new QueueState
        {
            Reason = drain.Began.IsCancellationRequested ? WaitReason.Draining
                : availability.IsUnavailable ? WaitReason.NoInferenceService
                : WaitReason.Queued,

            // Among the jobs of its tenant: what other tenants have in the queue is not shown. A pending job outside
            // the queue was just dequeued from the front.
            Position = queue.PositionOf(job.JobId) ?? 1,
        };
    }
}
