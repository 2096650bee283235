using System.Globalization;
using ForegSyte.Inference.V1;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// Checks an InferenceService's response for a segment: the counts cover every frame, and the results belong to the
/// requested frames. Pure.
/// </summary>
internal static class SegmentCheck
{
    /// <summary>
    /// Describes the first defect of a response and names the segment; null if the response is correct.
    /// </summary>
    /// <param name="segment">The requested segment.</param>
    /// <param name="frameStride">The job analyzes every n-th frame; 1 or more.</param>
    /// <param name="response">The response.</param>
    public static string? DefectOf(Segment segment, int frameStride, RunPipelineResponse response)
    {
        var defect = DefectOfFrames(segment, frameStride, response.Frames ?? new FrameAccounting())
            ?? DefectOfResults(segment, frameStride, response);
        return defect is null
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"The response for the segment of frames {segment.StartFrame} to {segment.EndFrame} is wrong: "
                + $"{defect}. This is a defect of the InferenceService.");
    }

    private static string? DefectOfFrames(Segment segment, int frameStride, FrameAccounting frames)
    {
        var length = segment.EndFrame - segment.StartFrame;
        var expected = segment.IsGap
            ? 0
            : SegmentPlan.FramesWithin(segment.StartFrame, segment.EndFrame, frameStride);
        if (frames.Analyzed < 0 || frames.Skipped < 0 || frames.Failed < 0 || frames.Total != length
            || (long)frames.Analyzed + frames.Skipped + frames.Failed != length
            || frames.Skipped != length - expected)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"it counts {frames.Total} frames ({frames.Analyzed} analyzed, {frames.Skipped} skipped, "
                + $"{frames.Failed} failed); the segment has {length}, of which {expected} were requested");
        }

        if (frames.Damaged < 0 || frames.Damaged > frames.Analyzed)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"it counts {frames.Damaged} damaged frames among {frames.Analyzed} analyzed");
        }

        if (frames.Interpolated < 0 || frames.Interpolated > frames.Analyzed)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"it counts {frames.Interpolated} interpolated frames among {frames.Analyzed} analyzed");
        }

        return frames.Failures.Any(failure => failure.FrameCount < 1)
            || frames.Failures.Sum(failure => (long)failure.FrameCount) != frames.Failed
                ? string.Create(
                    CultureInfo.InvariantCulture, $"its reasons do not add up to its {frames.Failed} failed frames")
                : null;
    }

    private static string? DefectOfResults(Segment segment, int frameStride, RunPipelineResponse response)
    {
        if (response.Results.Count != response.Frames.Analyzed)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"it has results for {response.Results.Count} frames but counts {response.Frames.Analyzed} analyzed");
        }

        var smallest = segment.StartFrame;
        foreach (var index in response.Results.Select(frame => frame.FrameIndex))
        {
            if (index < smallest || index >= segment.EndFrame || index % frameStride != 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"it has an unexpected result for frame {index}");
            }

            smallest = index + 1;
        }

        return null;
    }
}
