using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Hosting.ConcurrencyLimits;

/// <summary>How many calls there may be at the same time. grpc.health.v1 Check is always answered.</summary>
public sealed class CallOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Calls";

    /// <value>Calls that are worked on, those not counted that wait by their nature.</value>
    [Range(1, 100_000)]
    [Limit(
        "calls", "Calls that are worked on at the same time; one more is refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxRunning { get; set; } = 1_000;

    /// <value>Calls that wait by their nature, such as WaitJob. They take no place of the others.</value>
    [Range(1, 1_000_000)]
    [Limit(
        "calls", "Calls that wait by their nature (WaitJob, RunPipeline); one more is refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxWaiting { get; set; } = 20_000;

    /// <value>Calls of health Watch and of reflection, which last as long as their callers like.</value>
    [Range(1, 100_000)]
    [Limit(
        "calls", "Calls of health Watch and of reflection; one more is refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxStreaming { get; set; } = 1_000;

    /// <value>When a caller that was turned away as one too many is told to come back.</value>
    [TimeRange("00:00:00.0010000", "01:00:00")]
    [Limit("", "Retry delay of a caller who was one too many.", Reason = ErrorReason.TooManyCalls)]
    public TimeSpan BusyRetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <value>
    /// Bytes of all request messages and answers together that are in memory. More than the largest message.
    /// </value>
    [Range(64L << 20, 1L << 40)]
    [Limit(
        "bytes", "Messages in memory, all calls together; a request that does not fit is refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public long MaxMessageBytes { get; set; } = 1L << 30;

    /// <value>
    /// Calls whose message has been arriving, or whose answer has been leaving, for more than a second; past it the
    /// one that has been so for the longest time is ended.
    /// </value>
    [Range(1, 100_000)]
    [Limit(
        "calls", "Calls whose message arrives, or answer leaves, for over a second; past it the slowest is ended.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxSlow { get; set; } = 1_000;
}
