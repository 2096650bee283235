using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>One execution of a job.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="StartedAt">When a dispatcher claimed the job.</param>
/// <param name="EndedAt">When the attempt ended; null while it runs.</param>
/// <param name="Failure">Why it did not complete the job; null where it did, or while it runs.</param>
internal sealed record AttemptRecord(
    int Number, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, JobFailure? Failure)
{
    /// <summary>Whether a later attempt may succeed where this one failed.</summary>
    public bool Retryable { get; init; }

    /// <summary>The device that ran the models; null where no segment was finished.</summary>
    public Device? Device { get; init; }

    /// <summary>Frames whose results this attempt took over from earlier ones.</summary>
    public int FramesResumed { get; init; }
}
