using ForegSyte.Jobs.Inference;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Sums a job up while its segments pass by in order, and checks that every frame is accounted for.
/// </summary>
/// <param name="frameCount">Frames of the video.</param>
/// <param name="endFrame">Index after the last frame that the segments cover.</param>
internal sealed class AttemptTally(int frameCount, int endFrame)
{
    private readonly SummaryBuilder _summary = new();

    /// <summary>Adds what a segment says about its frames.</summary>
    public void Add(FrameAccounting frames) => _summary.Add(frames);

    /// <summary>Adds what was found in a frame.</summary>
    public void Add(FrameResult frame) => _summary.Add(frame);

    /// <summary>The summary, when all segments are in.</summary>
    /// <exception cref="InferenceFailedException">No frame could be decoded, or frames are missing.</exception>
    public JobSummary Finish()
    {
        var summary = _summary.Build();
        var frames = summary.Frames;
        if (frames.Decoded != endFrame || frames.Decoded != frames.Analyzed + frames.Skipped + frames.Failed
            || frames.FailedByReason.Values.Sum() != frames.Failed)
        {
            throw new InferenceFailedException(new JobFailure(
                ErrorReason.Internal,
                $"The segments cover {frames.Decoded} of {endFrame} frames: {frames.Analyzed} analyzed, "
                + $"{frames.Skipped} skipped, {frames.Failed} failed, {frames.FailedByReason.Values.Sum()} of them "
                + "with a reason. This is a defect of the service."));
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
