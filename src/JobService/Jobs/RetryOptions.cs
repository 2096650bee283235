using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;

namespace ForegSyte.Jobs;

/// <summary>How often and when a failed job is tried again. Section "Retry".</summary>
internal sealed class RetryOptions
{
    public const string Section = "Retry";

    /// <summary>Most attempts of a job, those not counted that a stopping service ended.</summary>
    /// <value>1 to 100; 5 by default.</value>
    [Range(1, 100)]
    [Limit("attempts", "Attempts of a job; past it the job fails with the reason of the last one.")]
    public int MaxAttempts { get; set; } = 5;

    /// <summary>
    /// Attempts in a row that may be lost with the JobService, or to a lease that was not renewed, without any frame
    /// more than the one before: then the job is taken for the cause and fails, so that it does not end the service
    /// at every start.
    /// </summary>
    /// <value>1 to 1000; 20 by default.</value>
    [Range(1, 1_000)]
    [Limit("attempts", "Attempts in a row lost without progress; past it the job fails.")]
    public int MaxLostAttempts { get; set; } = 20;

    /// <summary>Wait before the second attempt; doubled for each one after.</summary>
    /// <value>10 ms to 1 hour; 1 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between two attempts.</summary>
    /// <value>10 ms to 1 day; 1 minute by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    [Limit("", "Longest wait between two attempts of a job.")]
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromMinutes(1);
}
