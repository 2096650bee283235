using System.Runtime.CompilerServices;
using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Annotation;

/// <summary>Results and the frames that show them: StartFrame &lt;= index &lt; EndFrame.</summary>
/// <param name="Result">The results.</param>
/// <param name="StartFrame">First frame.</param>
/// <param name="EndFrame">Frame after the last one.</param>
/// <param name="IsHeld">Whether the frames were not analyzed and show the results of an earlier one.</param>
/// <param name="IsDamaged">Whether the decoder could show the frame only with defects.</param>
internal sealed record HeldResult(
    PipelineResult Result, int StartFrame, int EndFrame, bool IsHeld, bool IsDamaged = false);

/// <summary>
/// Assigns results to frames. It reads the results once, in order, so memory use does not grow with the video.
/// </summary>
/// <remarks>
/// With a stride, the frames between two analyzed frames show the tracks that both have on the straight way between
/// them, and what else the last one has as it was, marked as held. A result is held for stride - 1 frames at most, so
/// no boxes remain after max_frames ended the analysis.
/// </remarks>
internal static class ResultTimeline
{
    /// <summary>Yields the results with their frames, in order.</summary>
    /// <param name="results">Results with ascending frame_index.</param>
    /// <param name="frameStride">Stride of the job; 0 means 1.</param>
    /// <param name="frameCount">Number of frames of the video.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public static async IAsyncEnumerable<HeldResult> SpansAsync(
        IAsyncEnumerable<FrameResult> results,
        int frameStride,
        int frameCount,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        FrameResult? current = null;
        await foreach (var next in results.WithCancellation(cancellationToken))
        {
            foreach (var span in SpansOf(current, next))
            {
                yield return span;
            }

            current = next;
        }

        foreach (var span in SpansOf(current, next: null))
        {
            yield return span;
        }

        IEnumerable<HeldResult> SpansOf(FrameResult? frame, FrameResult? next)
        {
            if (frame is null || frame.FrameIndex >= frameCount)
            {
                yield break;
            }

            var (result, own) = (frame.Result ?? new PipelineResult(), frame.FrameIndex + 1);
            yield return new HeldResult(result, frame.FrameIndex, own, IsHeld: false, frame.Damaged);
            var end = (int)Math.Min(
                (long)frame.FrameIndex + Math.Max(1, frameStride),
                Math.Min(next?.FrameIndex ?? frameCount, frameCount));
            if (next is not null)
            {
                var frames = InterpolatedFrames.Between(frame, next, own).TakeWhile(each => each.FrameIndex < end);
                foreach (var between in frames)
                {
                    own = between.FrameIndex + 1;
                    yield return new HeldResult(
                        WithHeld(between.Result, result), between.FrameIndex, own, IsHeld: true);
                }
            }

            if (end > own)
            {
                yield return new HeldResult(result, own, end, IsHeld: true);
            }
        }
    }

    /// <summary>Boxes on their way, and of the last analyzed frame what has no way.</summary>
    private static PipelineResult WithHeld(PipelineResult between, PipelineResult last)
    {
        var moving = between.InterpolatedDetections.Select(detection => detection.TrackId).ToHashSet();
        between.TextRegions.AddRange(last.TextRegions);
        between.Detections.AddRange(last.Detections.Where(detection => !moving.Contains(detection.TrackId)));
        return between;
    }
}
