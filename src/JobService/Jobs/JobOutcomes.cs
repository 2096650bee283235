using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>Derives waits and outcomes of attempts from records, for metrics and traces. Pure.</summary>
internal static class JobOutcomes
{
    /// <summary>When a pending job became runnable: queued, its previous attempt ended and its back-off over.</summary>
    public static DateTimeOffset WaitingSince(JobRecord pending)
    {
        var since = pending.QueuedAt;
        if (pending.Attempts is [.., { EndedAt: { } ended }] && ended > since)
        {
            since = ended;
        }

        return pending.NextAttemptAt is { } due && due > since ? due : since;
    }

    /// <summary>How an attempt ended.</summary>
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
