using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// A job as the store holds it. Immutable: <see cref="JobTransitions"/> makes the next record from this one, and
/// nobody changes the messages inside.
/// </summary>
internal sealed record JobRecord
{
    public required Guid JobId { get; init; }

    public required JobStatus Status { get; init; }

    public required string PipelineId { get; init; }

    /// <summary>
    /// The job analyzes every n-th frame; 1 or more. With frames_per_second it is 1 until the video is probed.
    /// </summary>
    public int FrameStride { get; init; } = 1;

    /// <summary>Maximum number of frames to analyze; 0 for no limit.</summary>
    public int MaxFrames { get; init; }

    /// <summary>The other options: time ranges, findings, zones and lines. Nobody changes the message.</summary>
    public JobOptions Choices { get; init; } = JobChoices.None;

    public string DisplayName { get; init; } = "";

    /// <summary>The caller's tags.</summary>
    public JobTags Tags { get; init; } = JobTags.Empty;

    /// <summary>0 to 9; 9 runs first.</summary>
    public int Priority { get; init; } = JobPriority.Default;

    /// <summary>The tenant that owns the job; empty if the service does not separate tenants.</summary>
    public string Tenant { get; init; } = "";

    /// <summary>
    /// The caller's request_id (AIP-155) mapped by <see cref="TenantRequestId"/>; null if the caller gave none.
    /// Unique among all jobs.
    /// </summary>
    public Guid? RequestId { get; init; }

    /// <summary>The parameters of the submission; they distinguish a repetition from another request.</summary>
    public RequestFingerprint? Fingerprint { get; init; }

    /// <summary>Storage key of the video.</summary>
    public required string InputPath { get; init; }

    /// <summary>
    /// SHA-256 of the video in 64 lower-case hexadecimal digits; null for jobs of versions that did not store it.
    /// </summary>
    public string? VideoSha256 { get; init; }

    /// <summary>Size of the video; 0 if unknown, for jobs of versions that did not store it.</summary>
    public long VideoBytes { get; init; }

    /// <summary>
    /// W3C trace context of the submission, shared by all attempts; null if tracing was off.
    /// </summary>
    public string? TraceParent { get; init; }

    /// <summary>Where the submission wants news about the job sent; null for nowhere.</summary>
    public JobWebhook? Webhook { get; init; }

    /// <summary>Storage key of the results; null until the job is completed.</summary>
    public string? OutputPath { get; init; }

    /// <summary>
    /// Whether the completed job has a tracks document beside its results (<see cref="ArtifactKeys.Tracks"/>): false if
    /// its pipeline had no tracking, and for jobs of versions that did not track.
    /// </summary>
    public bool HasTracks { get; init; }

    /// <summary>Why the job failed; null unless it failed.</summary>
    public JobFailure? Failure { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>
    /// When the job entered the queue: at its submission or at the latest RetryJob. An automatic retry keeps it, so
    /// that the job keeps its rank.
    /// </summary>
    public required DateTimeOffset QueuedAt { get; init; }

    /// <summary>The earliest start of the next attempt; null unless the job waits for its back-off.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>When the job reached a terminal status; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>The lease of the dispatcher that runs the job; null unless the job is running.</summary>
    public Lease? Lease { get; init; }

    /// <summary>All attempts, oldest first.</summary>
    public IReadOnlyList<AttemptRecord> Attempts { get; init; } = [];

    /// <summary>
    /// Number of attempts before the latest RetryJob; they do not count against <see cref="RetryOptions.MaxAttempts"/>.
    /// </summary>
    public int ForgivenAttempts { get; init; }

    /// <summary>Frames to analyze; 0 until the video is probed.</summary>
    public int FramesTotal { get; init; }

    /// <summary>Frames analyzed, including those in segments kept from earlier attempts.</summary>
    public int FramesDone { get; init; }

    /// <summary>
    /// Frames per segment in the job's plan, so that every attempt plans the same segments; 0 until the video is
    /// probed.
    /// </summary>
    public int SegmentFrames { get; init; }

    /// <summary>The container's description of the video; null until the video is probed.</summary>
    public VideoInfo? Video { get; init; }

    /// <summary>
    /// The completed job whose results an attempt takes over, or that the job has; null if the job runs itself.
    /// </summary>
    public Guid? ReusedJobId { get; init; }

    /// <summary>Pipeline.version of the results; null until the job is completed, or if it is unknown.</summary>
    public string? PipelineVersion { get; init; }

    /// <summary>Summary of the results; null until the job is completed.</summary>
    public JobSummary? Summary { get; init; }

    /// <summary>
    /// What is wrong with the video or the results, as far as it is known: first what the submission found, then also
    /// what probe and finished segments found.
    /// </summary>
    public JobWarnings Warnings { get; init; } = JobWarnings.Empty;

    /// <summary>The devices that ran the models; empty until the first segment is done.</summary>
    public DeviceList Devices { get; init; } = DeviceList.Empty;

    /// <summary>Sum of the decode times of the finished segments.</summary>
    public TimeSpan DecodeTime { get; init; }

    /// <summary>Sum of the inference times of the finished segments.</summary>
    public TimeSpan InferenceTime { get; init; }

    /// <summary>Size of the stored results: of the finished segments, and once completed of the documents.</summary>
    public long ResultBytes { get; init; }

    /// <summary>Frames of finished segments that could not be decoded.</summary>
    public long FramesLost => Warnings.CountOf(WarningReason.FramesLost);

    public bool IsTerminal => Status is JobStatus.Completed or JobStatus.Failed or JobStatus.Cancelled;
}

/// <summary>One attempt at a job.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="StartedAt">When a dispatcher claimed the job.</param>
/// <param name="EndedAt">When the attempt ended; null while it runs.</param>
/// <param name="Failure">Why the attempt did not complete the job; null if it did, or while it runs.</param>
internal sealed record AttemptRecord(
    int Number, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, JobFailure? Failure)
{
    /// <summary>Whether the failure is transient, so that a later attempt can succeed.</summary>
    public bool Retryable { get; init; }

    /// <summary>The devices that ran the models; empty if no segment finished.</summary>
    public DeviceList Devices { get; init; } = DeviceList.Empty;

    /// <summary>Frames whose results this attempt took from earlier attempts.</summary>
    public int FramesResumed { get; init; }
}

/// <summary>Why an attempt or a job failed.</summary>
/// <param name="Reason">Reason from the published list.</param>
/// <param name="Message">What happened and what to do about it, of any length; callers see it unchanged.</param>
/// <param name="Metadata">The variable parts of the message, for programs.</param>
internal sealed record JobFailure(ErrorReason Reason, string Message, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>Excerpt of FFmpeg's log without paths; empty if FFmpeg is not the cause.</summary>
    public string LastWords { get; init; } = "";

    /// <summary>Whether no attempt follows although the reason is transient.</summary>
    public bool IsFinal { get; init; }

    public JobFailure(ErrorReason reason, string message)
        : this(reason, message, new Dictionary<string, string>())
    {
    }

    /// <summary>The failure as the contract shows it.</summary>
    public Google.Rpc.Status ToStatus() => ErrorStatus.Create(Reason, Message, Metadata);
}

/// <summary>Guards the fields of a job that are fixed at its submission: all that no transition changes.</summary>
internal static class JobIdentity
{
    /// <summary>Throws if a transition changed a fixed field.</summary>
    /// <exception cref="ArgumentException">The transition has a defect.</exception>
    public static void RequireSame(JobRecord before, JobRecord after)
    {
        var kept = before with
        {
            Status = after.Status,
            FrameStride = before.Choices.FramesPerSecond > 0 ? after.FrameStride : before.FrameStride,
            ReusedJobId = after.ReusedJobId,
            PipelineVersion = after.PipelineVersion,
            DisplayName = after.DisplayName,
            Tags = after.Tags,
            Priority = after.Priority,
            OutputPath = after.OutputPath,
            HasTracks = after.HasTracks,
            Failure = after.Failure,
            UpdatedAt = after.UpdatedAt,
            QueuedAt = after.QueuedAt,
            NextAttemptAt = after.NextAttemptAt,
            EndedAt = after.EndedAt,
            Lease = after.Lease,
            Attempts = after.Attempts,
            ForgivenAttempts = after.ForgivenAttempts,
            FramesTotal = after.FramesTotal,
            FramesDone = after.FramesDone,
            SegmentFrames = after.SegmentFrames,
            Video = after.Video,
            Summary = after.Summary,
            Warnings = after.Warnings,
            Devices = after.Devices,
            DecodeTime = after.DecodeTime,
            InferenceTime = after.InferenceTime,
            ResultBytes = after.ResultBytes,
        };
        if (kept != after)
        {
            throw new ArgumentException(
                $"A transition of job {before.JobId} changed a field that is fixed at submission.", nameof(after));
        }
    }
}
