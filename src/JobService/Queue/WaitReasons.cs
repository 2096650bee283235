using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Queue;

/// <summary>Explains why a pending job does not run yet.</summary>
internal sealed class WaitReasons(
    PendingJobs pending, IJobQueue queue, InferenceAvailability availability, Drain drain)
{
    /// <summary>What a job waits for; null unless it is pending.</summary>
    public JobWait? Of(JobRecord job)
    {
        if (job.Status != JobStatus.Pending)
        {
            return null;
        }

        if (pending.IsScheduled(job.JobId))
        {
            return new JobWait { Reason = WaitReason.BackOff, NextAttemptAt = job.NextAttemptAt?.ToTimestamp() };
        }

        return new JobWait
        {
            Reason = drain.Began.IsCancellationRequested ? WaitReason.Draining
                : availability.IsUnavailable ? WaitReason.NoInferenceService
                : WaitReason.Queued,

            // A pending job outside the queue was just dequeued from the front.
            QueuePosition = queue.PositionOf(job.JobId) ?? 1,
        };
    }
}
