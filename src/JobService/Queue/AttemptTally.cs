using ForegSyte.Jobs.Inference;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>Adds up the segments of an attempt and checks that every frame is accounted for.</summary>
/// <param name="frameCount">Frames of the video.</param>
/// <param name="endFrame">Index after the last frame that the segments cover.</param>
internal sealed class AttemptTally(int frameCount, int endFrame)
{
    private readonly SummaryBuilder _summary = new();
    private readonly FrameAccounting _frames = new();
    private TimeSpan _decodeTime;
    private TimeSpan _inferenceTime;
    private Device? _device;

    /// <summary>What there is so far.</summary>
    public SegmentProgress Progress => new(_frames.Analyzed, _decodeTime, _inferenceTime, _device);

    /// <summary>Adds a finished segment.</summary>
    public void Add(RunPipelineResponse segment)
    {
        _frames.Decoded += segment.Frames.Decoded;
        _frames.Analyzed += segment.Frames.Analyzed;
        _frames.Skipped += segment.Frames.Skipped;
        _frames.Failed += segment.Frames.Failed;
        _decodeTime += segment.Timings?.Decode?.ToTimeSpan() ?? TimeSpan.Zero;
        _inferenceTime += segment.Timings?.Inference?.ToTimeSpan() ?? TimeSpan.Zero;
        _device = segment.Device ?? _device;
        foreach (var frame in segment.Results)
        {
            _summary.Add(frame);
        }
    }

    /// <summary>The summary, when all segments are in.</summary>
    /// <exception cref="InferenceFailedException">No frame could be decoded, or frames are missing.</exception>
    public JobSummary Finish()
    {
        if (_frames.Decoded != endFrame || _frames.Decoded != _frames.Analyzed + _frames.Skipped + _frames.Failed)
        {
            throw new InferenceFailedException(new JobFailure(
                ErrorReason.Internal,
                $"The segments cover {_frames.Decoded} of {endFrame} frames: {_frames.Analyzed} analyzed, "
                + $"{_frames.Skipped} skipped, {_frames.Failed} failed. This is a defect of the InferenceService."));
        }

        if (_frames.Analyzed == 0)
        {
            throw new InferenceFailedException(new JobFailure(
                ErrorReason.UndecodableVideo,
                "None of the video's frames can be decoded: its data is damaged, or its codec is not supported. "
                + "Play it, and encode it again as H.264 if it does not play."));
        }

        // Frames after the last segment (max_frames) were left out on purpose.
        _frames.Skipped += frameCount - endFrame;
        _frames.Decoded = frameCount;
        var summary = _summary.Build();
        summary.Frames = _frames;
        return summary;
    }
}
