using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Inference.Grpc;

/// <summary>What a call may ask for and answer.</summary>
internal sealed class GrpcOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Grpc";

    /// <value>Largest answer in bytes. The caller's own limit for received messages has to be at least this.</value>
    [Range(1024, 1024 * 1024 * 1024)]
    [Limit("bytes", "Largest answer; a segment with more results is refused.", Reason = ErrorReason.ResultsTooLarge)]
    public int MaxResponseBytes { get; set; } = 16 * 1024 * 1024;

    /// <value>
    /// Segments that run at the same time. The models are shared: more of them hides decoding behind inference, but
    /// does not make the models faster.
    /// </value>
    [Range(1, 1024)]
    [Limit("calls", "RunPipeline calls that run at the same time; more of them wait.")]
    public int MaxRunningSegments { get; set; } = 4;

    /// <value>
    /// Calls that wait for a running segment to end; past that INFERENCE_BUSY. 0 turns every call away that cannot run
    /// at once.
    /// </value>
    [Range(0, 10_000)]
    [Limit(
        "calls", "RunPipeline calls that wait for their turn; past it they are refused with a retry delay.",
        Reason = ErrorReason.InferenceBusy)]
    public int MaxWaitingSegments { get; set; } = 16;

    /// <value>
    /// How long a call waits for its turn; past that INFERENCE_BUSY, so that the caller can go elsewhere before its
    /// deadline passes.
    /// </value>
    [TimeRange("00:00:00.0010000", "01:00:00")]
    [Limit(
        "", "How long a RunPipeline call waits for its turn; past it it is refused with a retry delay.",
        Reason = ErrorReason.InferenceBusy)]
    public TimeSpan MaxWaitTime { get; set; } = TimeSpan.FromMinutes(2);

    /// <value>How long one segment may take once it runs; past that DEADLINE_EXCEEDED, and its work is ended.</value>
    [TimeRange("00:00:00.0010000", "1.00:00:00")]
    [Limit("", "How long one segment may run; past it its work is ended.", Reason = ErrorReason.DeadlineExceeded)]
    public TimeSpan SegmentTimeLimit { get; set; } = TimeSpan.FromMinutes(15);

    /// <value>ProbeVideo calls that run at the same time; each is a process that reads a whole file.</value>
    [Range(1, 1024)]
    [Limit(
        "calls", "ProbeVideo calls that run at the same time; one more is refused with a retry delay.",
        Reason = ErrorReason.InferenceBusy)]
    public int MaxRunningProbes { get; set; } = 4;

    /// <value>When a caller that was turned away as one too many is told to come back.</value>
    [TimeRange("00:00:00.0010000", "01:00:00")]
    [Limit("", "Retry delay of a caller who was one too many.", Reason = ErrorReason.InferenceBusy)]
    public TimeSpan BusyRetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <value>Key frames that ProbeVideo lists at most; past that every n-th is kept.</value>
    [Range(1, 1_000_000)]
    [Limit("key frames", "Key frames that ProbeVideo lists; past it every n-th is kept.")]
    public int MaxKeyFrames { get; set; } = 100_000;
}
