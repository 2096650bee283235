using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Queue;

/// <summary>Adds up finished segments in any order. Thread-safe.</summary>
/// <param name="ofVideo">What is wrong with the video as a whole.</param>
internal sealed class SegmentTotals(JobWarnings ofVideo)
{
    private readonly Lock _lock = new();
    private JobWarnings _ofSegments = JobWarnings.Empty;
    private SegmentProgress _current =
        new(0, TimeSpan.Zero, TimeSpan.Zero, DeviceList.Empty) { Warnings = ofVideo };

    public SegmentProgress Current => Volatile.Read(ref _current);

    public int Analyzed => Current.FramesDone;

    public int Lost { get; private set; }

    /// <summary>No segments yet, of a video with the defects that submission and probe found.</summary>
    public static SegmentTotals Of(JobRecord job, ProbeVideoResponse probe) =>
        new(job.Warnings.OfFile().Or(new JobWarnings(probe.Warnings)));

    public void Add(RunPipelineResponse segment)
    {
        lock (_lock)
        {
            Lost += segment.Frames.Failed;
            _ofSegments = _ofSegments.Plus(JobWarnings.OfSegment(segment));
            _current = new SegmentProgress(
                _current.FramesDone + segment.Frames.Analyzed,
                _current.DecodeTime + (segment.Timings?.Decode?.ToTimeSpan() ?? TimeSpan.Zero),
                _current.InferenceTime + (segment.Timings?.Inference?.ToTimeSpan() ?? TimeSpan.Zero),
                _current.Devices.With(segment.Device))
            {
                Warnings = ofVideo.Or(_ofSegments),
                ResultBytes = _current.ResultBytes + StoredSegment.SizeOf(segment),
            };
        }
    }
}
