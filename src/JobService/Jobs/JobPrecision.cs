namespace ForegSyte.Jobs;

/// <summary>
/// Times are kept as UTC to the microsecond. Stores cut records before they keep or return them, so that what a
/// change returned is what a later read returns.
/// </summary>
internal static class JobPrecision
{
    /// <summary>The record with every time cut.</summary>
    public static JobRecord Cut(JobRecord job) => job with
    {
        CreatedAt = Cut(job.CreatedAt),
        UpdatedAt = Cut(job.UpdatedAt),
        QueuedAt = Cut(job.QueuedAt),
        NextAttemptAt = Cut(job.NextAttemptAt),
        EndedAt = Cut(job.EndedAt),
        Lease = job.Lease is { } lease ? lease with { ExpiresAt = Cut(lease.ExpiresAt) } : null,
        DecodeTime = Cut(job.DecodeTime),
        InferenceTime = Cut(job.InferenceTime),
        Attempts =
        [
            .. job.Attempts.Select(attempt => attempt with
            {
                StartedAt = Cut(attempt.StartedAt),
                EndedAt = Cut(attempt.EndedAt),
            }),
        ],
    };

    /// <summary>The instant in UTC, cut to the microsecond.</summary>
    public static DateTimeOffset Cut(DateTimeOffset instant)
    {
        var utc = instant.ToUniversalTime();
        return utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    private static DateTimeOffset? Cut(DateTimeOffset? instant) => instant is { } value ? Cut(value) : null;

    private static TimeSpan Cut(TimeSpan span) => new(span.Ticks - (span.Ticks % TimeSpan.TicksPerMicrosecond));
}
