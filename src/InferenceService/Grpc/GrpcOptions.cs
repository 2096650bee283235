using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Inference.Grpc;

/// <summary>Limits of calls and responses.</summary>
internal sealed class GrpcOptions
{
    public const string Section = "Grpc";

    /// <value>
    /// Maximum size of a response in bytes. The caller's limit of received messages must be at least this.
    /// </value>
    [Range(1024, 1024 * 1024 * 1024)]
    [Limit(
        "bytes", "Size of a response; a segment with more results is refused.",
        Reason = ErrorReason.ResultsTooLarge)]
    public int MaxResponseBytes { get; set; } = 16 * 1024 * 1024;

    /// <value>
    /// Maximum number of running segments. They share the models: more of them hide decoding behind inference, but do
    /// not make the models faster.
    /// </value>
    [Range(1, 1024)]
    [Limit("calls", "Running RunPipeline calls; further calls are queued.")]
    public int MaxRunningSegments { get; set; } = 4;

    /// <value>
    /// Maximum number of queued calls; further calls get INFERENCE_BUSY. 0 refuses every call that cannot run at once.
    /// </value>
    [Range(0, 10_000)]
    [Limit(
        "calls", "Queued RunPipeline calls; above it calls are refused with a retry delay.",
        Reason = ErrorReason.InferenceBusy)]
    public int MaxWaitingSegments { get; set; } = 16;

    /// <value>
    /// Maximum time in the queue; then the call gets INFERENCE_BUSY, so that the caller can try another
    /// InferenceService before its deadline.
    /// </value>
    [TimeRange("00:00:00.0010000", "01:00:00")]
    [Limit(
        "", "Time of a RunPipeline call in the queue; at the limit the call is refused with a retry delay.",
        Reason = ErrorReason.InferenceBusy)]
    public TimeSpan MaxWaitTime { get; set; } = TimeSpan.FromMinutes(2);

    /// <value>Time limit of a running segment; then the call gets DEADLINE_EXCEEDED.</value>
    [TimeRange("00:00:00.0010000", "1.00:00:00")]
    [Limit(
        "", "Time limit of a running segment; at the limit the segment is cancelled.",
        Reason = ErrorReason.DeadlineExceeded)]
    public TimeSpan SegmentTimeLimit { get; set; } = TimeSpan.FromMinutes(15);

    /// <value>Maximum number of running ProbeVideo calls; each starts a process that reads a whole file.</value>
    [Range(1, 1024)]
    [Limit(
        "calls", "Running ProbeVideo calls; further calls are refused with a retry delay.",
        Reason = ErrorReason.InferenceBusy)]
    public int MaxRunningProbes { get; set; } = 4;

    /// <value>
    /// Maximum number of running GetFrame calls. They are for people who look at a video; a small number leaves the
    /// processor to segments.
    /// </value>
    [Range(1, 1024)]
    [Limit("calls", "Running GetFrame calls; further calls are queued.")]
    public int MaxRunningFrames { get; set; } = 2;

    /// <value>
    /// Maximum number of running AnnotateVideo calls. Each decodes and encodes a part of a video for seconds.
    /// </value>
    [Range(1, 1024)]
    [Limit("calls", "Running AnnotateVideo calls; further calls are queued.")]
    public int MaxRunningCopies { get; set; } = 1;

    /// <value>Maximum number of queued AnnotateVideo calls; further calls get INFERENCE_BUSY.</value>
    [Range(0, 10_000)]
    [Limit(
        "calls", "Queued AnnotateVideo calls; above it calls are refused with a retry delay.",
        Reason = ErrorReason.InferenceBusy)]
    public int MaxWaitingCopies { get; set; } = 16;

    /// <value>Maximum number of queued GetFrame calls; further calls get INFERENCE_BUSY.</value>
    [Range(0, 10_000)]
    [Limit(
        "calls", "Queued GetFrame calls; above it calls are refused with a retry delay.",
        Reason = ErrorReason.InferenceBusy)]
    public int MaxWaitingFrames { get; set; } = 32;

    /// <value>Retry delay of INFERENCE_BUSY and INFERENCE_UNAVAILABLE.</value>
    [TimeRange("00:00:00.0010000", "01:00:00")]
    [Limit(
        "", "Retry delay of calls that are refused because the service is busy.",
        Reason = ErrorReason.InferenceBusy)]
    public TimeSpan BusyRetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <value>Maximum number of key frames in a ProbeVideo response; above it the response has every n-th.</value>
    [Range(1, 1_000_000)]
    [Limit("key frames", "Key frames in a ProbeVideo response; above it the response has every n-th.")]
    public int MaxKeyFrames { get; set; } = 100_000;
}
