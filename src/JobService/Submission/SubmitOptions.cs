using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>What SubmitVideo takes. Section "Submit".</summary>
internal sealed class SubmitOptions
{
    public const string Section = "Submit";

    /// <summary>Largest video that may come inside the request, in bytes.</summary>
    /// <value>1 KiB to 1 GiB; 32 MiB by default.</value>
    [Range(1 << 10, 1 << 30)]
    [Limit(
        "bytes", "Largest video inside a request; a larger one is refused and goes by upload or uri.",
        Reason = ErrorReason.MessageTooLarge)]
    public int MaxInlineBytes { get; set; } = 32 << 20;

    /// <summary>Largest video that may come by uri or as an upload, in bytes.</summary>
    /// <value>1 KiB to 1 PiB; 64 GiB by default.</value>
    [Range(1L << 10, 1L << 50)]
    [Limit("bytes", "Largest video; a larger one is refused.", Reason = ErrorReason.VideoLimitExceeded)]
    public long MaxVideoBytes { get; set; } = 64L << 30;

    /// <summary>Folders whose files may be submitted by uri, with all that is below them. Absolute paths.</summary>
    /// <value>None by default: no file of the server can be submitted by its path.</value>
    public IList<string> AllowedRoots { get; } = [];

    /// <summary>
    /// Jobs that may be pending. Past that SubmitVideo and RetryJob answer QUEUE_FULL; jobs that go back to the queue
    /// by themselves are not held up.
    /// </summary>
    /// <value>1 to 1000000; 100000 by default.</value>
    [Range(1, 1_000_000)]
    [Limit(
        "jobs", "Jobs that may be pending; past it SubmitVideo and RetryJob are refused with a retry delay.",
        Reason = ErrorReason.QueueFull)]
    public int MaxPendingJobs { get; set; } = 100_000;

    /// <summary>When a caller that was answered QUEUE_FULL is told to come back.</summary>
    /// <value>100 ms to 1 hour; 5 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    [Limit("", "Retry delay of a caller that found the queue full.", Reason = ErrorReason.QueueFull)]
    public TimeSpan QueueFullDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a request_id is remembered; after that it makes a new job.</summary>
    /// <value>1 minute to 365 days; 7 days by default.</value>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    [Limit("", "How long a request_id is remembered; after it the same id makes a new job.")]
    public TimeSpan RequestIdLifetime { get; set; } = TimeSpan.FromDays(7);
}
