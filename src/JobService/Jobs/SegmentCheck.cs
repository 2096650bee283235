using System.Globalization;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// Checks what an InferenceService says about a segment: every frame is accounted for, and the results are those of
/// the frames that were asked for. Pure.
/// </summary>
internal static class SegmentCheck
{
    /// <summary>What is wrong with an answer, in words that name the segment; null where nothing is.</summary>
    /// <param name="segment">What was asked for.</param>
    /// <param name="frameStride">Every n-th frame is analyzed; 1 or more.</param>
    /// <param name="answer">What was answered.</param>
    public static string? DefectOf(Segment segment, int frameStride, RunPipelineResponse answer)
    {
        var defect = DefectOfFrames(segment, frameStride, answer.Frames ?? new FrameAccounting())
            ?? DefectOfResults(segment, frameStride, answer);
        return defect is null
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"The answer to the segment of the frames {segment.StartFrame} to {segment.EndFrame} is wrong: "
                + $"{defect}. This is a defect of the InferenceService.");
    }

    private static string? DefectOfFrames(Segment segment, int frameStride, FrameAccounting frames)
    {
        var length = segment.EndFrame - segment.StartFrame;
        var wanted = SegmentPlan.FramesWithin(segment.StartFrame, segment.EndFrame, frameStride);
        if (frames.Analyzed < 0 || frames.Skipped < 0 || frames.Failed < 0 || frames.Decoded != length
            || (long)frames.Analyzed + frames.Skipped + frames.Failed != length
            || frames.Skipped != length - wanted)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"it counts {frames.Decoded} frames, {frames.Analyzed} analyzed, {frames.Skipped} skipped and "
                + $"{frames.Failed} failed, of {length} frames of which {wanted} were asked for");
        }

        return frames.FailedByReason.Values.Any(count => count < 1)
            || frames.FailedByReason.Values.Sum(count => (long)count) != frames.Failed
                ? string.Create(
                    CultureInfo.InvariantCulture, $"the reasons do not add up to its {frames.Failed} failed frames")
                : null;
    }

    private static string? DefectOfResults(Segment segment, int frameStride, RunPipelineResponse answer)
    {
        if (answer.Results.Count != answer.Frames.Analyzed)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"it has results of {answer.Results.Count} frames and counts {answer.Frames.Analyzed}");
        }

        var smallest = segment.StartFrame;
        foreach (var index in answer.Results.Select(frame => frame.FrameIndex))
        {
            if (index < smallest || index >= segment.EndFrame || index % frameStride != 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"the frame {index} has no place in it");
            }

            smallest = index + 1;
        }

        return null;
    }
}
