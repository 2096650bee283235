using System.Runtime.CompilerServices;
using ForegSyte.Jobs.Inference;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Has the segments of a job worked on, a few at a time, and hands their results out in order. Results that wait for
/// an earlier segment are bounded by the number of segments under way.
/// </summary>
internal sealed class SegmentWindow(
    IInferenceClient inference, IOptions<DispatchOptions> options, TimeProvider time, ILogger<SegmentWindow> logger)
{
    /// <summary>Wait where a busy InferenceService does not say how long.</summary>
    private static readonly TimeSpan BusyDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs all segments. Leaving early cancels those under way.</summary>
    /// <exception cref="InferenceFailedException">A segment failed.</exception>
    public async IAsyncEnumerable<RunPipelineResponse> RunAsync(
        JobRecord job, Uri video, IReadOnlyList<Segment> plan,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var underWay = new Queue<Task<RunPipelineResponse>>();
        var next = 0;
        try
        {
            while (next < plan.Count || underWay.Count > 0)
            {
                while (next < plan.Count && underWay.Count < options.Value.SegmentsInFlight)
                {
                    underWay.Enqueue(RunAsync(job, video, plan[next++], ending.Token));
                }

                yield return await underWay.Dequeue();
            }
        }
        finally
        {
            await ending.CancelAsync();
            Task ended = Task.WhenAll(underWay);
            await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<RunPipelineResponse> RunAsync(
        JobRecord job, Uri video, Segment segment, CancellationToken cancellationToken)
    {
        var length = segment.EndFrame - segment.StartFrame;
        var wanted = SegmentPlan.FramesWithin(segment.StartFrame, segment.EndFrame, job.FrameStride);
        if (wanted == 0)
        {
            return Empty(new FrameAccounting { Decoded = length, Skipped = length });
        }

        try
        {
            return await CallUntilTakenAsync(RequestFor(job, video, segment), cancellationToken);
        }
        catch (InferenceFailedException failed) when (failed.Failure.Reason == ErrorReason.UndecodableVideo)
        {
            // Damage in one stretch must not cost the frames of all others: they count as failed, and the job fails
            // only if no frame of any segment could be decoded.
            logger.LogWarning("No frame from {Start} to {End} can be decoded", segment.StartFrame, segment.EndFrame);
            return Empty(new FrameAccounting { Decoded = length, Failed = wanted, Skipped = length - wanted });
        }
    }

    /// <summary>A busy InferenceService is no failure: the segment waits its turn.</summary>
    private async Task<RunPipelineResponse> CallUntilTakenAsync(
        RunPipelineRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await inference.RunAsync(request, cancellationToken);
            }
            catch (InferenceFailedException busy) when (busy.Failure.Reason == ErrorReason.InferenceBusy)
            {
                await Task.Delay(busy.RetryAfter ?? BusyDelay, time, cancellationToken);
            }
        }
    }

    private static RunPipelineRequest RequestFor(JobRecord job, Uri video, Segment segment) => new()
    {
        Video = new VideoSource { Uri = video.AbsoluteUri },
        PipelineId = job.PipelineId,
        Range = new FrameRange { StartFrame = segment.StartFrame, EndFrame = segment.EndFrame },
        FrameStride = job.FrameStride,
        JobId = job.JobId.ToString(),
        Attempt = job.Attempts.Count,
    };

    private static RunPipelineResponse Empty(FrameAccounting frames) => new() { Frames = frames };
}
