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

    /// <summary>Display name of the job, at most 255 characters.</summary>
    /// <value>Default: the file name for a submitted file, otherwise empty.</value>
    public string? DisplayName { get; init; }

    /// <summary>
    /// Idempotency key, a UUID of version 4: a second submission with the same key and the same video returns the same
    /// job.
    /// </summary>
    /// <value>Default: a new key for each submission, which makes the client's own retries safe.</value>
    public string? RequestId { get; init; }

    /// <summary>
    /// How <see cref="ForegSyteClient.SubmitFileAsync(string, SubmitOptions, CancellationToken)"/> transfers the file.
    /// </summary>
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
