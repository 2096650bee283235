using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Adds up the segments of a job that are stored, in whatever order they are finished. Safe for several threads.
/// </summary>
internal sealed class AttemptProgress
{
    private readonly Lock _lock = new();
    private SegmentProgress _progress = new(0, TimeSpan.Zero, TimeSpan.Zero, null);

    /// <summary>What there is so far.</summary>
    public SegmentProgress Current
    {
        get
        {
            lock (_lock)
            {
                return _progress;
            }
        }
    }

    /// <summary>Adds a stored segment.</summary>
    public void Add(RunPipelineResponse segment)
    {
        lock (_lock)
        {
            _progress = new SegmentProgress(
                _progress.FramesDone + segment.Frames.Analyzed,
                _progress.DecodeTime + (segment.Timings?.Decode?.ToTimeSpan() ?? TimeSpan.Zero),
                _progress.InferenceTime + (segment.Timings?.Inference?.ToTimeSpan() ?? TimeSpan.Zero),
                segment.Device ?? _progress.Device);
        }
    }
}
