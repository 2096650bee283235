using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>Decides what follows a failed attempt. Pure; the caller supplies the random number.</summary>
internal static class RetryPolicy
{
    /// <summary>
    /// Whether a failure is transient, so that a later attempt can succeed (AIP-194). The source of an attempt is the
    /// job's stored video: if an InferenceService cannot read it although it exists, the operator must act, not the
    /// caller; a video that does not exist is VIDEO_GONE.
    /// </summary>
    public static bool IsTransient(ErrorReason reason) => reason is
        ErrorReason.InferenceUnavailable or ErrorReason.DecoderLost or ErrorReason.InferenceBusy
        or ErrorReason.ShuttingDown or ErrorReason.DeadlineExceeded or ErrorReason.Cancelled
        or ErrorReason.StorageFull or ErrorReason.LeaseLost or ErrorReason.DecoderUnavailable
        or ErrorReason.SourceNotAllowed or ErrorReason.SourceNotFound or ErrorReason.SourceUnavailable
        or ErrorReason.StoreUnavailable or ErrorReason.StorageUnavailable;

    /// <summary>
    /// Returns the back-off before the next attempt; null if the job must fail. Attempts that ended because a service
    /// stopped or lost its lease, because an InferenceService is busy, not set up right or cannot read from object
    /// storage, because a disk is full, or because the database or the object storage is away, do not count: they say
    /// nothing about the job.
    /// </summary>
    /// <param name="job">The running job.</param>
    /// <param name="failure">Why the latest attempt failed.</param>
    /// <param name="options">Limits.</param>
    /// <param name="jitter">Random number, 0 to 1.</param>
    public static TimeSpan? DelayBeforeRetry(JobRecord job, JobFailure failure, RetryOptions options, double jitter)
    {
        if (!IsTransient(failure.Reason) || failure.IsFinal)
        {
            return null;
        }

        var failed = 1 + job.Attempts.Skip(job.ForgivenAttempts)
            .Count(attempt => attempt.Failure is { } earlier && Counts(earlier.Reason));
        if (Counts(failure.Reason) && failed >= options.MaxAttempts)
        {
            return null;
        }

        // Attempts that do not count have no limit, so their back-off must grow too.
        var alike = 1 + job.Attempts.Skip(job.ForgivenAttempts).SkipLast(1).Reverse()
            .TakeWhile(attempt => attempt.Failure?.Reason == failure.Reason)
            .Count();
        var steps = IsFaultOfService(failure.Reason) ? Math.Max(failed, alike) : failed;

        // Exponential back-off with "equal jitter": half of the step is fixed, half random
        // (M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015).
        var step = Math.Min(
            options.MaxDelay.TotalMilliseconds,
            options.FirstDelay.TotalMilliseconds * Math.Pow(2, Math.Min(steps - 1, 30)));
        return TimeSpan.FromMilliseconds((step / 2) + (step / 2 * jitter));
    }

    /// <summary>
    /// Returns a running job after its attempt was lost: pending again, or failed if
    /// <see cref="RetryOptions.MaxLostAttempts"/> attempts in a row were lost without progress.
    /// </summary>
    /// <param name="job">The running job.</param>
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
                    Message = $"{failure.Message} {lost} attempts in a row were lost without progress, the limit of "
                        + "option Retry:MaxLostAttempts, so the job may be the cause. RetryJob runs it again.",
                },
                now);
    }

    /// <summary>
    /// The failure of a run; final if <see cref="RetryOptions.MaxLostSegmentRuns"/> runs of the segment were lost for
    /// which no other job can be the cause.
    /// </summary>
    /// <param name="run">The failed run.</param>
    /// <param name="earlier">The earlier runs of the job's segments that count.</param>
    /// <param name="options">Limits.</param>
    public static JobFailure AfterSegmentLoss(SegmentRun run, IEnumerable<SegmentRun> earlier, RetryOptions options)
    {
        var lost = 1 + earlier.Count(other => IsBlamed(other) && IsSame(other.Segment, run.Segment));
        return !IsBlamed(run) || lost < options.MaxLostSegmentRuns
            ? run.Failure!
            : run.Failure! with
            {
                IsFinal = true,
                Message = $"{run.Failure.Message} {lost} runs of the frames {run.Segment.StartFrame} to "
                    + $"{run.Segment.EndFrame - 1} were lost like this, the limit of option Retry:MaxLostSegmentRuns, "
                    + "so the video is probably the cause. RetryJob runs the job again.",
            };
    }

    /// <summary>
    /// Number of segments that must run alone, from the first to the last of those that lost their InferenceService. So
    /// that a job that ends its InferenceService is not confused with others that run there, only one such segment runs
    /// at a time. A lost decoder harms no other job.
    /// </summary>
    public static int SuspectCount(IReadOnlyList<Segment> segments, IEnumerable<SegmentRun> earlier) =>
        earlier.Where(run => run.Loss != SegmentLoss.None)
            .Select(run => segments.Index()
                .Where(entry => IsSame(entry.Item, run.Segment))
                .Select(entry => entry.Index + 1)
                .LastOrDefault())
            .DefaultIfEmpty(0)
            .Max();

    /// <summary>Whether a run lost its decoder, or an InferenceService that had no segment of another job.</summary>
    private static bool IsBlamed(SegmentRun run) =>
        run.Failure?.Reason == ErrorReason.DecoderLost || run.Loss == SegmentLoss.Alone;

    private static bool IsSame(Segment one, Segment other) =>
        (one.StartFrame, one.EndFrame) == (other.StartFrame, other.EndFrame);

    private static int LostInARow(JobRecord job)
    {
        var latest = job.Attempts[^1];
        return 1 + job.Attempts.Skip(job.ForgivenAttempts).SkipLast(1).Reverse()
            .TakeWhile(attempt => attempt.Failure?.Reason == ErrorReason.LeaseLost
                && attempt.FramesResumed == latest.FramesResumed)
            .Count();
    }

    private static bool Counts(ErrorReason reason) =>
        reason is not (ErrorReason.ShuttingDown or ErrorReason.LeaseLost) && !IsFaultOfService(reason);

    /// <summary>
    /// Whether an InferenceService is busy, not set up right or cannot read from object storage, a disk is full, or the
    /// database or the object storage is away.
    /// </summary>
    private static bool IsFaultOfService(ErrorReason reason) => reason is ErrorReason.InferenceBusy
        or ErrorReason.DecoderUnavailable or ErrorReason.SourceNotAllowed or ErrorReason.SourceNotFound
        or ErrorReason.SourceUnavailable or ErrorReason.StoreUnavailable or ErrorReason.StorageUnavailable
        or ErrorReason.StorageFull;
}

/// <summary>How often and when a failed job is retried. Section "Retry".</summary>
internal sealed class RetryOptions
{
    public const string Section = "Retry";

    /// <summary>Maximum number of attempts, excluding those ended by a stop or crash of the service.</summary>
    /// <value>1 to 100; 5 by default.</value>
    [Range(1, 100)]
    [Limit("attempts", "Attempts of a job; after the last one the job fails with its reason.")]
    public int MaxAttempts { get; set; } = 5;

    /// <summary>
    /// Maximum number of attempts in a row that are lost (crash or expired lease) without progress. Then the job fails,
    /// so that a job that crashes the service does not crash it at every start.
    /// </summary>
    /// <value>1 to 1000; 20 by default.</value>
    [Range(1, 1_000)]
    [Limit("attempts", "Attempts in a row lost without progress; then the job fails.")]
    public int MaxLostAttempts { get; set; } = 20;

    /// <summary>
    /// Maximum number of runs of one segment that lose their decoder or InferenceService. Then the job fails, so that a
    /// video that ends its decoder or service does not end it at every attempt. A lost InferenceService that had a
    /// segment of another job does not count.
    /// </summary>
    /// <value>1 to 100; 3 by default.</value>
    [Range(1, 100)]
    [Limit(
        "runs", "Runs of one segment that lose their decoder, or an InferenceService that had no other job's segment; "
        + "then the job fails.")]
    public int MaxLostSegmentRuns { get; set; } = 3;

    /// <summary>Back-off before the second attempt; doubled for each later one.</summary>
    /// <value>10 ms to 1 hour; 1 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Maximum back-off between two attempts.</summary>
    /// <value>10 ms to 1 day; 1 minute by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    [Limit("", "Maximum back-off between two attempts of a job.")]
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromMinutes(1);
}
