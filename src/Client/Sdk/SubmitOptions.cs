namespace ForegSyte.Client;

/// <summary>What to do with a video that is submitted.</summary>
public sealed record SubmitOptions
{
    /// <summary>Pipeline to run, an id of <see cref="ForegSyteClient.ListPipelinesAsync"/>.</summary>
    public required string PipelineId { get; init; }

    /// <summary>Analyze only frames whose index is a multiple of this.</summary>
    /// <value>Default: 1, every frame. 1 to 1,000,000.</value>
    public int FrameStride { get; init; } = 1;

    /// <summary>Stop after this many analyzed frames.</summary>
    /// <value>Default: 0, no limit. Not negative.</value>
    public int MaxFrames { get; init; }

    /// <summary>Name for people, at most 255 characters.</summary>
    /// <value>Default: the file name where a file is submitted, otherwise empty.</value>
    public string? DisplayName { get; init; }

    /// <summary>
    /// Makes the submission safe to repeat: a UUID of version 4. The same id with the same video gives the same job.
    /// </summary>
    /// <value>Default: a new one for each submission, so that the client can repeat it by itself.</value>
    public string? RequestId { get; init; }

    /// <summary>How a file comes to the server; only for <see cref="ForegSyteClient.SubmitFileAsync(string,
    /// SubmitOptions, CancellationToken)"/>.</summary>
    /// <value>Default: the quickest way that the server allows.</value>
    public VideoTransfer Transfer { get; init; }

    /// <summary>How urgent the job is; 9 runs first.</summary>
    /// <value>Default: null, the server's default (4). 0 to 9.</value>
    public int? Priority { get; init; }

    /// <summary>
    /// What to do where the server answers QUEUE_FULL: true waits as long as its RetryInfo asks and submits again,
    /// until <see cref="ForegSyteClientOptions.SubmitDeadline"/> ends it; false throws at once.
    /// </summary>
    /// <value>Default: false, so that a full queue slows the caller down and not only this call.</value>
    public bool WaitWhileQueueFull { get; init; }
}
