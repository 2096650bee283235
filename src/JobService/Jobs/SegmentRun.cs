namespace ForegSyte.Jobs;

/// <summary>A run of a segment. The store keeps those that failed or lost frames, for DiagnoseJob.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Attempt">Number of the attempt, from 1.</param>
/// <param name="StartedAt">When the run began.</param>
internal sealed record SegmentRun(Segment Segment, int Attempt, DateTimeOffset StartedAt)
{
    /// <summary>Maximum number of runs that the store keeps of a job; the oldest is dropped first.</summary>
    public const int MaxStoredOfJob = 100;

    /// <summary>Maximum length of the decoder output that the store keeps; a longer one loses its beginning.</summary>
    public const int MaxDecoderOutputLength = 8_192;

    /// <summary>
    /// The latest InferenceService that received the segment; null before the first call, or if all are busy.
    /// </summary>
    public Uri? Instance { get; init; }

    /// <summary>Whether the InferenceService was lost while it had the segment.</summary>
    public SegmentLoss Loss { get; init; }

    /// <summary>When the run ended; null while it runs.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether its results are stored.</summary>
    public bool IsFinished { get; init; }

    public int FramesAnalyzed { get; init; }

    /// <summary>Frames that could not be decoded.</summary>
    public int FramesLost { get; init; }

    /// <summary>Why the run failed; null if it did not, or if another segment's failure cancelled it.</summary>
    public JobFailure? Failure { get; init; }

    /// <summary>Excerpt of FFmpeg's log without paths; empty if the run neither failed nor lost frames.</summary>
    public string DecoderOutput { get; init; } = "";

    /// <summary>Whether it failed, or none of its frames could be decoded.</summary>
    public bool IsFailed => Failure is not null || (FramesLost > 0 && FramesAnalyzed == 0);
}

/// <summary>Whether an InferenceService was lost while it had a segment. Stored as a number.</summary>
internal enum SegmentLoss
{
    /// <summary>It was not lost.</summary>
    None = 0,

    /// <summary>It was lost, and had segments of other jobs too: each of them can be the cause.</summary>
    Shared = 1,

    /// <summary>It was lost, and had no segment of another job.</summary>
    Alone = 2,
}
