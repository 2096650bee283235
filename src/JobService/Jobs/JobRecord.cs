using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// A job as it is stored. Never changed in place: <see cref="JobTransitions"/> makes the next record from this one.
/// The messages in it are treated as immutable.
/// </summary>
internal sealed record JobRecord
{
    public required Guid JobId { get; init; }

    public required JobStatus Status { get; init; }

    public required string PipelineId { get; init; }

    /// <summary>Every n-th frame is analyzed; 1 or more.</summary>
    public int FrameStride { get; init; } = 1;

    /// <summary>Most frames to analyze; 0 for no limit.</summary>
    public int MaxFrames { get; init; }

    public string DisplayName { get; init; } = "";

    /// <summary>How urgent the job is, 0 to 9; 9 first.</summary>
    public int Priority { get; init; } = JobPriority.Default;

    /// <summary>The caller's request_id (AIP-155); null where none was given. Unique among all jobs.</summary>
    public Guid? RequestId { get; init; }

    /// <summary>What was asked for with <see cref="RequestId"/>; tells a repetition from another request.</summary>
    public RequestFingerprint? Fingerprint { get; init; }

    /// <summary>Storage key of the video.</summary>
    public required string InputPath { get; init; }

    /// <summary>
    /// SHA-256 of the video, 64 lower-case hexadecimal digits; null for jobs of versions that did not keep it.
    /// </summary>
    public string? VideoSha256 { get; init; }

    /// <summary>Storage key of the results; null until the job is completed.</summary>
    public string? OutputPath { get; init; }

    /// <summary>Why the job failed; null unless it did.</summary>
    public JobFailure? Failure { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>
    /// Since when the job waits, for its place in the queue: when it was accepted, or last put back by RetryJob. A job
    /// that goes back to the queue by itself keeps its place.
    /// </summary>
    public required DateTimeOffset QueuedAt { get; init; }

    /// <summary>When the next attempt may begin; null unless an attempt failed and is to be repeated.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>When the job reached a terminal status; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>The right of the dispatcher that works on the job; null unless it is running.</summary>
    public Lease? Lease { get; init; }

    /// <summary>Executions, oldest first.</summary>
    public IReadOnlyList<AttemptRecord> Attempts { get; init; } = [];

    /// <summary>Attempts that do not count against the limit any more: those before the latest RetryJob.</summary>
    public int ForgivenAttempts { get; init; }

    /// <summary>Frames to analyze; 0 until the video was probed.</summary>
    public int FramesTotal { get; init; }

    /// <summary>Frames analyzed, those of earlier attempts included whose segments are kept.</summary>
    public int FramesDone { get; init; }

    /// <summary>
    /// Frames of a segment in this job's plan, so that every attempt plans the same segments; 0 until the video was
    /// probed.
    /// </summary>
    public int SegmentFrames { get; init; }

    /// <summary>What the container says; null until the video was probed.</summary>
    public VideoInfo? Video { get; init; }

    /// <summary>What was found in short; null until the job is completed.</summary>
    public JobSummary? Summary { get; init; }

    /// <summary>The device that ran the models; null until the first segment is done.</summary>
    public Device? Device { get; init; }

    /// <summary>Sum of the decode times of the finished segments.</summary>
    public TimeSpan DecodeTime { get; init; }

    /// <summary>Sum of the inference times of the finished segments.</summary>
    public TimeSpan InferenceTime { get; init; }

    /// <summary>Whether the status never changes again.</summary>
    public bool IsTerminal => Status is JobStatus.Completed or JobStatus.Failed or JobStatus.Cancelled;
}
