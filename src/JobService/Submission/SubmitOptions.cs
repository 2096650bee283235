using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>The limits of SubmitVideo. Section "Submit".</summary>
internal sealed class SubmitOptions
{
    public const string Section = "Submit";

    /// <summary>Maximum size of a video inside the request, in bytes.</summary>
    /// <value>1 KiB to 1 GiB; 32 MiB by default.</value>
    [Range(1 << 10, 1 << 30)]
    [Limit(
        "bytes", "Maximum size of a video inside the request; larger videos go by upload or uri.",
        Reason = ErrorReason.MessageTooLarge)]
    public int MaxInlineBytes { get; set; } = 32 << 20;

    /// <summary>Maximum size of a video submitted by uri or upload, in bytes.</summary>
    /// <value>1 KiB to 1 PiB; 64 GiB by default.</value>
    [Range(1L << 10, 1L << 50)]
    [Limit("bytes", "Maximum size of a video; larger ones are refused.", Reason = ErrorReason.VideoLimitExceeded)]
    public long MaxVideoBytes { get; set; } = 64L << 30;

    /// <summary>Folders whose files, at any depth, callers can submit by file uri. Absolute paths.</summary>
    /// <value>None by default: callers cannot submit files of the server.</value>
    public IList<string> AllowedRoots { get; } = [];

    /// <summary>
    /// Maximum number of pending jobs. Above it SubmitVideo and RetryJob return QUEUE_FULL; jobs that the service
    /// itself requeues do not count.
    /// </summary>
    /// <value>1 to 1000000; 100000 by default.</value>
    [Range(1, 1_000_000)]
    [Limit(
        "jobs", "Maximum number of pending jobs; above it SubmitVideo and RetryJob are refused with a retry delay.",
        Reason = ErrorReason.QueueFull)]
    public int MaxPendingJobs { get; set; } = 100_000;

    /// <summary>Retry delay sent with QUEUE_FULL.</summary>
    /// <value>100 ms to 1 hour; 5 s by default.</value>
    [TimeRange("00:00:00.100", "01:00:00")]
    [Limit("", "Retry delay sent when the queue is full.", Reason = ErrorReason.QueueFull)]
    public TimeSpan QueueFullDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a request_id is remembered. Afterwards the same id creates a new job.</summary>
    /// <value>1 minute to 365 days; 7 days by default.</value>
    [TimeRange("00:01:00", "365.00:00:00")]
    [Limit("", "How long a request_id is remembered; afterwards the same id creates a new job.")]
    public TimeSpan RequestIdLifetime { get; set; } = TimeSpan.FromDays(7);
}
