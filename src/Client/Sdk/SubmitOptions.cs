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
}
