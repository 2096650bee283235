using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>How jobs are worked on. Section "Dispatch".</summary>
internal sealed class DispatchOptions
{
    public const string Section = "Dispatch";

    /// <summary>Jobs that run at the same time.</summary>
    /// <value>1 to 256; 2 by default.</value>
    [Range(1, 256)]
    [Limit("jobs", "Jobs that run at the same time; others wait in the queue.")]
    public int MaxConcurrentJobs { get; set; } = 2;

    /// <summary>Analyzed frames that a segment should have; cuts are moved to key frames where one is near.</summary>
    /// <value>1 to 10000; 32 by default: a sign of life every few seconds on a CPU.</value>
    [Range(1, 10_000)]
    [Limit("frames", "Analyzed frames of a segment, about: cuts are moved to key frames where one is near.")]
    public int SegmentFrames { get; set; } = 32;

    /// <summary>
    /// Segments of one job that are under way at the same time at each InferenceService: the next one is decoded while
    /// this one is finished.
    /// </summary>
    /// <value>1 to 64; 2 by default.</value>
    [Range(1, 64)]
    [Limit("segments", "Segments of one job under way at each InferenceService; others wait.")]
    public int SegmentsInFlight { get; set; } = 2;

    /// <summary>How long a claim holds without being renewed.</summary>
    /// <value>1 s to 1 hour; 15 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    [Limit(
        "", "How long a running job may go without a sign of life; past it it is run again.",
        Reason = ErrorReason.LeaseLost)]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often a claim is renewed; less than half of <see cref="LeaseDuration"/>.</summary>
    /// <value>100 ms to 30 minutes; 5 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:30:00")]
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Wait after a failure of the dispatcher's own, such as a database that cannot be written.</summary>
    /// <value>10 ms to 1 minute; 1 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan FaultDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often jobs are looked for whose lease has expired.</summary>
    /// <value>10 ms to 1 minute; 1 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan RescueInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a job that was taken from the queue waits for an InferenceService before it is put back.
    /// </summary>
    /// <value>10 ms to 1 minute; 1 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan ServingPatience { get; set; } = TimeSpan.FromSeconds(1);
}
