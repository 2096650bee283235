using ForegSyte.V1;

namespace ForegSyte.Client;

/// <summary>Options of a submission.</summary>
public sealed record SubmitOptions
{
    /// <summary>Id of the pipeline to run, one of <see cref="ForegSyteClient.ListPipelinesAsync"/>.</summary>
    public required string PipelineId { get; init; }

    /// <summary>Analyzes only frames whose index is a multiple of this.</summary>
    /// <value>Default: 1, every frame. 1 to 1,000,000.</value>
    public int FrameStride { get; init; } = 1;

    /// <summary>Maximum number of frames to analyze.</summary>
    /// <value>Default: 0, no limit. Not negative.</value>
    public int MaxFrames { get; init; }

    /// <summary>
    /// Parts of the video to analyze, from the start of playback: ascending, without overlap, at most 100. Only the
    /// last one can have no end: it goes to the end of the video.
    /// </summary>
    /// <value>Default: none, the whole video.</value>
    public IReadOnlyList<TimeRange> TimeRanges { get; init; } = [];

    /// <summary>
    /// Analyzes about this many frames for each second of the video, instead of <see cref="FrameStride"/>.
    /// </summary>
    /// <value>Default: 0, not set. At most 1000.</value>
    public double FramesPerSecond { get; init; }

    /// <summary>
    /// Which of the selected frames the models look at: all, or with <see cref="V1.Sampling.Adaptive"/> a few each
    /// second and those that show something new.
    /// </summary>
    /// <value>Default: all of them.</value>
    public Sampling Sampling { get; init; }

    /// <summary>Class names of the wanted objects, of those in Pipeline.labels; at most 100.</summary>
    /// <value>Default: none, all objects.</value>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Minimum confidence of objects and texts; it can only raise the pipeline's.</summary>
    /// <value>Default: 0. 0 to 1.</value>
    public float MinConfidence { get; init; }

    /// <summary>Wanted parts of the frame: findings whose centre is in one of them; at most 20.</summary>
    /// <value>Default: none, the whole frame.</value>
    public IReadOnlyList<RelativePolygon> Regions { get; init; } = [];

    /// <summary>Areas in which the time of each object is measured, at most 20, with unique ids.</summary>
    /// <value>Default: none.</value>
    public IReadOnlyList<Zone> Zones { get; init; } = [];

    /// <summary>Lines over which objects are counted, at most 20, with unique ids.</summary>
    /// <value>Default: none.</value>
    public IReadOnlyList<CountingLine> Lines { get; init; } = [];

    /// <summary>
    /// Whether the job takes over the results of a completed job of the tenant with the same video, pipeline, options
    /// and models, if there is one: Job.reused_job_id.
    /// </summary>
    /// <value>Default: false.</value>
    public bool ReuseResults { get; init; }

    /// <summary>Display name of the job, at most 255 code points without control characters.</summary>
    /// <value>
    /// Default: the file name for a submitted file, without the control characters that file systems allow; otherwise
    /// empty.
    /// </value>
    public string? DisplayName { get; init; }

    /// <summary>
    /// Idempotency key, a UUID of version 4: a second submission with the same key and the same video returns the same
    /// job.
    /// </summary>
    /// <value>Default: a new key for each submission, which makes the client's own retries safe.</value>
    public string? RequestId { get; init; }

    /// <summary>
    /// Tags of the job, which <see cref="ForegSyteClient.ListJobsAsync"/> can filter. At most 32. A key has 1 to 63
    /// characters: a lower-case letter, then lower-case letters, digits, "_" or "-". A value has at most 255 code
    /// points without control characters.
    /// </summary>
    /// <value>Default: none.</value>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Where the server sends news about the job: an address that its option Webhooks:AllowedHosts allows, and the
    /// events, by default the end of the job.
    /// </summary>
    /// <value>Default: null, nowhere.</value>
    public Webhook? Webhook { get; init; }

    /// <summary>
    /// Whether the server only checks the submission, as far as that is possible without storing or downloading a
    /// video: a URI, a complete upload, the video of a job, or a file, stream or bytes up to <see
    /// cref="ForegSyteClientOptions.MaxInlineBytes"/>. The client sends no upload for it: a larger video is
    /// MESSAGE_TOO_LARGE, unless the server can read the file itself. The returned job has no id, no times and no etag.
    /// </summary>
    /// <value>Default: false.</value>
    public bool ValidateOnly { get; init; }

    /// <summary>How the client transfers a file, a stream or bytes; not for a URI.</summary>
    /// <value>Default: the fastest transfer that the server allows.</value>
    public VideoTransfer Transfer { get; init; }

    /// <summary>Priority of the job; 9 runs first.</summary>
    /// <value>Default: null, the server's default (4). 0 to 9.</value>
    public int? Priority { get; init; }

    /// <summary>
    /// Whether to retry while the server returns QUEUE_FULL, after the delay in its RetryInfo and until <see
    /// cref="ForegSyteClientOptions.SubmitDeadline"/>; false throws at once.
    /// </summary>
    /// <value>Default: false, so that a full queue slows down the caller and not only this call.</value>
    public bool WaitWhileQueueFull { get; init; }

    /// <summary>The options of the job. The default of the stride is no stride beside frames per second.</summary>
    internal JobOptions ToJobOptions() => new()
    {
        FrameStride = FramesPerSecond > 0 && FrameStride == 1 ? 0 : FrameStride,
        MaxFrames = MaxFrames,
        TimeRanges = { TimeRanges },
        FramesPerSecond = FramesPerSecond,
        Sampling = Sampling,
        Labels = { Labels },
        MinConfidence = MinConfidence,
        Regions = { Regions },
        Zones = { Zones },
        Lines = { Lines },
    };

    /// <summary>Rejects options that contradict each other. Only the server checks ranges.</summary>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    internal void Validate()
    {
        if (ValidateOnly && Transfer == VideoTransfer.Upload)
        {
            throw new ArgumentException(
                $"{nameof(ValidateOnly)} cannot be combined with {nameof(Transfer)} {nameof(VideoTransfer.Upload)}, "
                + "which stores the video.");
        }
    }

    /// <summary>Does the same for a video that is not a file.</summary>
    /// <exception cref="ArgumentException">The options contradict each other or the kind of the video.</exception>
    internal void ValidateWithoutPath()
    {
        Validate();
        if (Transfer == VideoTransfer.Path)
        {
            throw new ArgumentException(
                $"{nameof(Transfer)} must not be {nameof(VideoTransfer.Path)} for a stream or bytes, which have no "
                + "path.");
        }
    }
}

/// <summary>How a file is transferred to the server.</summary>
public enum VideoTransfer
{
    /// <summary>
    /// The fastest transfer that the server allows: inside the message for a small file, by path for a server on this
    /// machine that may read the file, otherwise as an upload.
    /// </summary>
    Automatic,

    /// <summary>Inside the message.</summary>
    Content,

    /// <summary>By file:// URI: the server reads the file itself.</summary>
    Path,

    /// <summary>
    /// In parallel parts, each with a checksum; an interrupted upload resumes. Choose it for a server on another
    /// machine behind a local address, such as a tunnel, because a path would mean a file of that machine.
    /// </summary>
    Upload,
}
