using ForegSyte.Jobs.Inference;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>Adds up the segments of an attempt and checks that every frame is accounted for.</summary>
/// <param name="frameCount">Frames of the video.</param>
/// <param name="endFrame">Index after the last frame that the segments cover.</param>
internal sealed class AttemptTally(int frameCount, int endFrame)
{
    private readonly SummaryBuilder _summary = new();
    private int _analyzed;
    private TimeSpan _decodeTime;
    private TimeSpan _inferenceTime;
    private Device? _device;

    /// <summary>What there is so far.</summary>
    public SegmentProgress Progress => new(_analyzed, _decodeTime, _inferenceTime, _device);

    /// <summary>Adds a finished segment.</summary>
    public void Add(RunPipelineResponse segment)
    {
        _summary.Add(segment.Frames);
        _analyzed += segment.Frames.Analyzed;
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
        var summary = _summary.Build();
        var frames = summary.Frames;
        if (frames.Decoded != endFrame || frames.Decoded != frames.Analyzed + frames.Skipped + frames.Failed)
        {
            throw new InferenceFailedException(new JobFailure(
                ErrorReason.Internal,
                $"The segments cover {frames.Decoded} of {endFrame} frames: {frames.Analyzed} analyzed, "
                + $"{frames.Skipped} skipped, {frames.Failed} failed. This is a defect of the InferenceService."));
        }

        if (frames.Analyzed == 0)
        {
            throw new InferenceFailedException(new JobFailure(
                ErrorReason.UndecodableVideo,
                "None of the video's frames can be decoded: its data is damaged, or its codec is not supported. "
                + "Play it, and encode it again as H.264 if it does not play."));
        }

        // Frames after the last segment (max_frames) were left out on purpose.
        frames.Skipped += frameCount - endFrame;
        frames.Decoded = frameCount;
        return summary;
    }
}
