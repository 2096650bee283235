using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
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

    /// <summary>The job analyzes every n-th frame; 1 or more.</summary>
    public int FrameStride { get; init; } = 1;

    /// <summary>Maximum number of frames to analyze; 0 for no limit.</summary>
    public int MaxFrames { get; init; }

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

    /// <summary>Storage key of the results; null until the job is completed.</summary>
    public string? OutputPath { get; init; }

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

    /// <summary>Size of the stored results: of the finished segments, and once completed of the document.</summary>
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

/// <summary>Priorities of jobs: 0 to 9 with 4 in the middle, as in JMS (Jakarta Messaging 3.1, 3.4.9).</summary>
internal static class JobPriority
{
    public const int Lowest = 0;

    public const int Default = 4;

    public const int Highest = 9;
}

/// <summary>
/// Rounds times down to UTC microseconds, the precision of the database. Stores round a record before they keep or
/// return it, so that a change returns the same record as a later read.
/// </summary>
internal static class JobPrecision
{
    /// <summary>Returns the record with every time rounded down.</summary>
    public static JobRecord Cut(JobRecord job) => job with
    {
        CreatedAt = Cut(job.CreatedAt),
        UpdatedAt = Cut(job.UpdatedAt),
        QueuedAt = Cut(job.QueuedAt),
        NextAttemptAt = Cut(job.NextAttemptAt),
        EndedAt = Cut(job.EndedAt),
        Lease = job.Lease is { } lease ? lease with { ExpiresAt = Cut(lease.ExpiresAt) } : null,
        DecodeTime = Cut(job.DecodeTime),
        InferenceTime = Cut(job.InferenceTime),
        Attempts =
        [
            .. job.Attempts.Select(attempt => attempt with
            {
                StartedAt = Cut(attempt.StartedAt),
                EndedAt = Cut(attempt.EndedAt),
            }),
        ],
    };

    /// <summary>Returns the instant in UTC, rounded down to the microsecond.</summary>
    public static DateTimeOffset Cut(DateTimeOffset instant)
    {
        var utc = instant.ToUniversalTime();
        return utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    private static DateTimeOffset? Cut(DateTimeOffset? instant) => instant is { } value ? Cut(value) : null;

    private static TimeSpan Cut(TimeSpan span) => new(span.Ticks - (span.Ticks % TimeSpan.TicksPerMicrosecond));
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
            DisplayName = after.DisplayName,
            Tags = after.Tags,
            Priority = after.Priority,
            OutputPath = after.OutputPath,
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

/// <summary>The storage keys of a job's artifacts.</summary>
internal static partial class ArtifactKeys
{
    private const string VideoSuffix = ".mp4";
    private const string ResultsSuffix = "_results.json";
    private const string ResultsIndexSuffix = "_results_index.bin";
    private const string SidecarSuffix = "_job.json";
    private const string PlanSuffix = "_segment_plan.bin";

    /// <summary>Length of a UUID as text.</summary>
    private const int IdLength = 36;

    /// <summary>The submitted video.</summary>
    public static string Video(Guid jobId) => jobId + VideoSuffix;

    /// <summary>
    /// The id of a video's bytes within its tenant: equal videos of one tenant share them, and those of two tenants
    /// never do, so that no free space tells one of them what the other has stored. Null if the hash is unknown.
    /// </summary>
    [return: NotNullIfNotNull(nameof(sha256))]
    public static string? SharedVideo(string tenant, string? sha256) => sha256 is null || tenant.Length == 0
        ? sha256
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant}/{sha256}")));

    /// <summary>
    /// The results document. A storage of several JobServices has one for each attempt that wrote it, and the job's
    /// record tells which one is published: readers take the key from there.
    /// </summary>
    /// <param name="jobId">The job.</param>
    /// <param name="leaseToken">The lease of the attempt; null if the storage belongs to one JobService.</param>
    public static string Results(Guid jobId, Guid? leaseToken = null) => Prefix(jobId, leaseToken) + ResultsSuffix;

    /// <summary>The index of a large results document (ADR 5).</summary>
    /// <param name="resultsKey">The key of the document.</param>
    public static string ResultsIndex(string resultsKey) => Beside(resultsKey) + ResultsIndexSuffix;

    /// <summary>The manifest of a completed job, from which the database can be rebuilt.</summary>
    /// <param name="resultsKey">The key of the job's results, beside which it lies.</param>
    public static string Sidecar(string resultsKey) => Beside(resultsKey) + SidecarSuffix;

    /// <summary>The segment plan; it exists as long as finished segments can.</summary>
    public static string Plan(Guid jobId) => jobId + PlanSuffix;

    /// <summary>
    /// The results of a finished segment, until the job completes. Numbers have ten digits, so that names sort.
    /// </summary>
    /// <param name="jobId">The job.</param>
    /// <param name="startFrame">The first frame.</param>
    /// <param name="endFrame">The frame after the last one.</param>
    /// <param name="leaseToken">The lease of the attempt; null if the storage belongs to one JobService.</param>
    public static string Segment(Guid jobId, int startFrame, int endFrame, Guid? leaseToken = null) => string.Create(
        CultureInfo.InvariantCulture, $"{Prefix(jobId, leaseToken)}_segment_{startFrame:D10}_{endFrame:D10}.binpb");

    /// <summary>Whether the artifact is a plan or a segment, which the job needs only until it completes.</summary>
    public static bool IsInterim(string key) => JobOf(key) is not null && InterimSuffix().IsMatch(key, IdLength);

    /// <summary>Whether the artifact is the manifest of a job.</summary>
    public static bool IsSidecar(string key) =>
        JobOf(key) is not null && key.EndsWith(SidecarSuffix, StringComparison.Ordinal);

    /// <summary>Whether the artifact is a results document, its index or a manifest.</summary>
    public static bool IsOfResults(string key) => JobOf(key) is not null && OfResultsSuffix().IsMatch(key, IdLength);

    /// <summary>
    /// The keys of results document, index and manifest that the job has published or that its running attempt can
    /// publish, in a storage of several JobServices.
    /// </summary>
    public static IReadOnlySet<string> UsedResults(JobRecord job) =>
        new[] { job.OutputPath, job.Lease is { } lease ? Results(job.JobId, lease.Token) : null }
            .OfType<string>()
            .SelectMany(key => new[] { key, ResultsIndex(key), Sidecar(key) })
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>The job that an artifact belongs to; null if the key is not an artifact's.</summary>
    public static Guid? JobOf(string key) =>
        key.Length > IdLength
        && Suffix().IsMatch(key, IdLength)
        && Guid.TryParseExact(key.AsSpan(0, IdLength), "D", out var jobId)
            ? jobId
            : null;

    private static string Beside(string resultsKey) => resultsKey.EndsWith(ResultsSuffix, StringComparison.Ordinal)
        ? resultsKey[..^ResultsSuffix.Length]
        : throw new ArgumentException($"{resultsKey} is not the key of a results document.", nameof(resultsKey));

    private static string Prefix(Guid jobId, Guid? leaseToken) =>
        leaseToken is { } token ? $"{jobId}_{token:N}" : jobId.ToString();

    [GeneratedRegex(
        @"\G(\.mp4|(_[0-9a-f]{32})?(_results\.json|_results_index\.bin|_job\.json|_segment_[0-9]{10}_[0-9]{10}\.binpb)"
        + @"|_segment_plan\.bin)\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Suffix();

    [GeneratedRegex(
        @"\G(_segment_plan\.bin|(_[0-9a-f]{32})?_segment_[0-9]{10}_[0-9]{10}\.binpb)\z", RegexOptions.CultureInvariant)]
    private static partial Regex InterimSuffix();

    [GeneratedRegex(
        @"\G(_[0-9a-f]{32})?(_results\.json|_results_index\.bin|_job\.json)\z", RegexOptions.CultureInvariant)]
    private static partial Regex OfResultsSuffix();
}
