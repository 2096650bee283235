namespace ForegSyte.Jobs;

/// <summary>Priorities of jobs: 0 to 9 with 4 in the middle, as in JMS (Jakarta Messaging 3.1, 3.4.9).</summary>
internal static class JobPriority
{
    public const int Lowest = 0;

    public const int Default = 4;

    public const int Highest = 9;
}

/// <summary>
/// Rounds times down to UTC microseconds, the precision of the database. Stores round a record before they keep or
/// return it, so that a change returns the same record as a later read.
/// </summary>
internal static class JobPrecision
{
    /// <summary>Returns the record with every time rounded down.</summary>
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

    /// <summary>Returns the instant in UTC, rounded down to the microsecond.</summary>
    public static DateTimeOffset Cut(DateTimeOffset instant)
    {
        var utc = instant.ToUniversalTime();
        return utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    private static DateTimeOffset? Cut(DateTimeOffset? instant) => instant is { } value ? Cut(value) : null;

    private static TimeSpan Cut(TimeSpan span) => new(span.Ticks - (span.Ticks % TimeSpan.TicksPerMicrosecond));
}
