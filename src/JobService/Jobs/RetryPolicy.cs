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

    private static bool Counts(ErrorReason reason) => reason is not (ErrorReason.ShuttingDown or ErrorReason.LeaseLost);
}
