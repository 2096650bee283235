namespace ForegSyte.Client.Calls;

/// <summary>How long to pause before the next attempt.</summary>
internal static class RetryDelay
{
    /// <summary>
    /// Full jitter: anything between nothing and base * 2^failures, at most the maximum
    /// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). What the server asks for is the
    /// least.
    /// </summary>
    /// <param name="failures">Attempts that failed so far, from 1.</param>
    /// <param name="baseDelay">Upper end after the first failure.</param>
    /// <param name="maxDelay">Upper end after many.</param>
    /// <param name="jitter">0 to 1.</param>
    /// <param name="serverAsksFor">RetryInfo of the answer.</param>
    public static TimeSpan After(
        int failures, TimeSpan baseDelay, TimeSpan maxDelay, double jitter, TimeSpan? serverAsksFor)
    {
        var ceiling = Math.Min(maxDelay.Ticks, baseDelay.Ticks * Math.Pow(2, Math.Min(failures - 1, 30)));
        var own = TimeSpan.FromTicks((long)(ceiling * jitter));
        return serverAsksFor is { } asked && asked > own ? asked : own;
    }
}
