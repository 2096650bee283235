using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>Decides what follows a failed attempt. Pure; the random number comes in.</summary>
internal static class RetryPolicy
{
    /// <summary>
    /// Whether a later attempt may succeed where this one failed (AIP-194: only what is UNAVAILABLE, or lost).
    /// </summary>
    public static bool MayPass(ErrorReason reason) => reason is
        ErrorReason.InferenceUnavailable or ErrorReason.DecoderLost or ErrorReason.InferenceBusy
        or ErrorReason.ShuttingDown or ErrorReason.DeadlineExceeded or ErrorReason.Cancelled
        or ErrorReason.StorageFull or ErrorReason.LeaseLost;

    /// <summary>
    /// How long to wait before the next attempt; null when there is to be none. Attempts that ended because a service
    /// was stopped do not count: they say nothing about the job.
    /// </summary>
    /// <param name="job">The job, running.</param>
    /// <param name="failure">Why the latest attempt failed.</param>
    /// <param name="options">Limits.</param>
    /// <param name="jitter">Random number, 0 to 1.</param>
    public static TimeSpan? DelayBeforeRetry(JobRecord job, JobFailure failure, RetryOptions options, double jitter)
    {
        if (!MayPass(failure.Reason))
        {
            return null;
        }

        var failed = 1 + job.Attempts.Skip(job.ForgivenAttempts)
            .Count(attempt => attempt.Failure is { } earlier && Counts(earlier.Reason));
        if (Counts(failure.Reason) && failed >= options.MaxAttempts)
        {
            return null;
        }

        // Exponential back-off with "equal jitter": half of the step is fixed, half random
        // (M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015).
        var step = Math.Min(
            options.MaxDelay.TotalMilliseconds,
            options.FirstDelay.TotalMilliseconds * Math.Pow(2, Math.Min(failed - 1, 30)));
        return TimeSpan.FromMilliseconds((step / 2) + (step / 2 * jitter));
    }

    /// <summary>
    /// What becomes of a running job whose attempt was lost: pending again, or failed where attempt after attempt is
    /// lost at the same place.
    /// </summary>
    /// <param name="job">The job, running.</param>
    /// <param name="failure">How the attempt was lost.</param>
    /// <param name="options">Limits.</param>
    /// <param name="now">The time.</param>
    public static JobRecord AfterLoss(JobRecord job, JobFailure failure, RetryOptions options, DateTimeOffset now)
    {
        var lost = LostInARow(job);
        return lost < options.MaxLostAttempts
            ? JobTransitions.Rescue(job, failure, now)
            : JobTransitions.Abandon(
                job,
                failure with
                {
                    Message = $"{failure.Message} It was the last of {lost} attempts that were lost without progress "
                        + "(Retry:MaxLostAttempts), so the job may be the cause. RetryJob runs it again.",
                },
                now);
    }

    private static int LostInARow(JobRecord job)
    {
        var latest = job.Attempts[^1];
        return 1 + job.Attempts.Skip(job.ForgivenAttempts).SkipLast(1).Reverse()
            .TakeWhile(attempt => attempt.Failure?.Reason == ErrorReason.LeaseLost
                && attempt.FramesResumed == latest.FramesResumed)
            .Count();
    }

    private static bool Counts(ErrorReason reason) => reason is not (ErrorReason.ShuttingDown or ErrorReason.LeaseLost);
}
