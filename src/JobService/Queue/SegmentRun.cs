namespace ForegSyte.Jobs.Queue;

/// <summary>One piece of work on a segment, as it is or was.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Attempt">The attempt that it belongs to, from 1.</param>
/// <param name="StartedAt">When it began.</param>
internal sealed record SegmentRun(Segment Segment, int Attempt, DateTimeOffset StartedAt)
{
    /// <summary>The InferenceService that had it last; null while none has.</summary>
    public Uri? Instance { get; init; }

    /// <summary>When it ended; null while it goes on.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether its results are stored.</summary>
    public bool IsFinished { get; init; }

    /// <summary>Frames that were analyzed.</summary>
    public int FramesAnalyzed { get; init; }

    /// <summary>What went wrong; null where nothing did, or where it was given up for something else.</summary>
    public JobFailure? Failure { get; init; }
}
