using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Hosting.ConcurrencyLimits;

/// <summary>Limits of concurrent calls. Section "Calls". grpc.health.v1 Check has no limit.</summary>
public sealed class CallOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Calls";

    /// <value>Maximum number of concurrent calls, excluding long polls and streaming calls.</value>
    [Range(1, 100_000)]
    [Limit(
        "calls", "Concurrent calls, excluding long polls; more are refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxRunning { get; set; } = 1_000;

    /// <value>Maximum number of concurrent long polls, such as WaitJob.</value>
    [Range(1, 1_000_000)]
    [Limit(
        "calls", "Concurrent long polls (WaitJob, RunPipeline); more are refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxWaiting { get; set; } = 20_000;

    /// <value>Maximum number of concurrent calls of health Watch and reflection, whose callers decide when they end.
    /// </value>
    [Range(1, 100_000)]
    [Limit(
        "calls", "Concurrent calls of health Watch and reflection; more are refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxStreaming { get; set; } = 1_000;

    /// <value>
    /// Maximum number of files that are being sent over HTTP. Each costs a connection, an open file and about 200 KB of
    /// memory, for as long as the reader takes at <see cref="Connections.ConnectionOptions.MinDataRate"/> or more.
    /// </value>
    [Range(1, 100_000)]
    [Limit(
        "downloads", "Files that are being downloaded over HTTP (videos, copies, exports); more are refused with a "
        + "retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxDownloads { get; set; } = 200;

    /// <value>Retry delay in TOO_MANY_CALLS.</value>
    [TimeRange("00:00:00.0010000", "01:00:00")]
    [Limit("", "Retry delay of refused calls.", Reason = ErrorReason.TooManyCalls)]
    public TimeSpan BusyRetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <value>
    /// Maximum memory of all request messages and unsent responses, in bytes; larger than the largest message.
    /// </value>
    [Range(64L << 20, 1L << 40)]
    [Limit(
        "bytes", "Messages of all calls in memory; a request that does not fit is refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public long MaxMessageBytes { get; set; } = 1L << 30;

    /// <value>
    /// Maximum number of calls whose message has been arriving, or whose response has been leaving, for over a second;
    /// above it the slowest is aborted.
    /// </value>
    [Range(1, 100_000)]
    [Limit(
        "calls", "Calls that send or read for over a second; above it the slowest is aborted.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxSlow { get; set; } = 1_000;
}
