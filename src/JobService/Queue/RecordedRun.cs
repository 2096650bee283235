namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Takes down how one piece of work on a segment goes. Written by one caller at a time, read by many.
/// </summary>
internal sealed class RecordedRun(SegmentRun begun, TimeProvider time)
{
    private volatile SegmentRun _current = begun;

    /// <summary>The run as it is now.</summary>
    public SegmentRun Current => _current;

    /// <summary>An InferenceService gets the segment.</summary>
    public void Place(Uri instance) => _current = _current with { Instance = instance };

    /// <summary>Something went wrong; what becomes of the run is said by the others.</summary>
    public void Note(JobFailure failure) => _current = _current with { Failure = failure };

    /// <summary>The results are stored.</summary>
    public void Finish(int framesAnalyzed) =>
        _current = _current with { IsFinished = true, FramesAnalyzed = framesAnalyzed };

    /// <summary>Nothing more is done for it.</summary>
    public void End() => _current = _current with { EndedAt = time.GetUtcNow() };
}
