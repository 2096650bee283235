using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>What the change of a record says about waits and attempts. Pure.</summary>
internal static class JobOutcomes
{
    /// <summary>Since when a pending job could have run: since it was queued, its back-off over.</summary>
    public static DateTimeOffset WaitingSince(JobRecord pending)
    {
        var since = pending.QueuedAt;
        if (pending.Attempts is [.., { EndedAt: { } ended }] && ended > since)
        {
            since = ended;
        }

        return pending.NextAttemptAt is { } due && due > since ? due : since;
    }

    /// <summary>How an attempt ended that is over.</summary>
    /// <param name="job">Its job.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <returns>"completed", "failed", "retried", "cancelled" or "lost".</returns>
    public static string OfAttempt(JobRecord job, int number) => job.Attempts[number - 1] switch
    {
        { EndedAt: null } or { Failure.Reason: ErrorReason.LeaseLost } => "lost",
        { Failure: null } => "completed",
        { Failure.Reason: ErrorReason.JobCancelled } => "cancelled",
        _ when number == job.Attempts.Count && job.Status == JobStatus.Failed => "failed",
        _ => "retried",
    };
}
