using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Has segments of a job worked on, a few at a time for each InferenceService that serves, and stores what each came to
/// as soon as it is there, whichever is first. Results are in memory for the segments under way only.
/// </summary>
internal sealed class SegmentScheduler(
    IInferenceClient inference,
    SegmentStore store,
    SegmentRuns runs,
    CrashPoints crashPoints,
    IOptions<DispatchOptions> options,
    TimeProvider time,
    ILogger<SegmentScheduler> logger)
{
    /// <summary>Wait where a busy InferenceService does not say how long.</summary>
    private static readonly TimeSpan BusyDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Runs and stores segments. Where one fails, those under way are cancelled and what is stored stays.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="video">Where its video is.</param>
    /// <param name="segments">What to run; lower ones begin first.</param>
    /// <param name="stored">Called when a segment is stored; by several threads.</param>
    /// <param name="cancellationToken">Ends all segments under way.</param>
    /// <exception cref="InferenceFailedException">A segment failed.</exception>
    public async Task RunAsync(
        JobRecord job, Uri video, IReadOnlyList<Segment> segments, Action<RunPipelineResponse> stored,
        CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var underWay = new List<Task>();
        var next = 0;
        try
        {
            while (next < segments.Count || underWay.Count > 0)
            {
                while (next < segments.Count && underWay.Count < Width())
                {
                    underWay.Add(RunAsync(job, video, segments[next++], segments[^1].EndFrame, stored, ending.Token));
                }

                var ended = await Task.WhenAny(underWay);
                underWay.Remove(ended);
                await ended;
            }
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(underWay).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>InferenceServices come and go while a job runs.</summary>
    private int Width() => options.Value.SegmentsInFlight * Math.Max(1, inference.ServingCount);

    private async Task RunAsync(
        JobRecord job, Uri video, Segment segment, int jobEndFrame, Action<RunPipelineResponse> stored,
        CancellationToken cancellationToken)
    {
        using var step = JobTraces.StartSegment(segment.StartFrame, segment.EndFrame);
        var run = runs.Begin(job, segment);
        try
        {
            var answer = await AnswerAsync(job, video, segment, jobEndFrame, run, cancellationToken);
            if (SegmentCheck.DefectOf(segment, job.FrameStride, answer) is { } defect)
            {
                throw new InferenceFailedException(new JobFailure(ErrorReason.Internal, defect));
            }

            crashPoints.Pass(CrashPoint.SegmentReturned);
            await store.StoreAsync(job.JobId, segment, answer, cancellationToken);
            crashPoints.Pass(CrashPoint.SegmentStored);
            run.Finish(answer.Frames.Analyzed);
            stored(answer);
        }
        finally
        {
            run.End();
        }
    }

    private async Task<RunPipelineResponse> AnswerAsync(
        JobRecord job, Uri video, Segment segment, int jobEndFrame, RecordedRun run,
        CancellationToken cancellationToken)
    {
        var length = segment.EndFrame - segment.StartFrame;
        var wanted = SegmentPlan.FramesWithin(segment.StartFrame, segment.EndFrame, job.FrameStride);
        if (wanted == 0)
        {
            return new RunPipelineResponse { Frames = new FrameAccounting { Decoded = length, Skipped = length } };
        }

        try
        {
            return await CallUntilTakenAsync(RequestFor(job, video, segment, jobEndFrame), run, cancellationToken);
        }
        catch (InferenceFailedException failed) when (failed.Failure.Reason == ErrorReason.UndecodableVideo)
        {
            // Damage in one stretch must not cost the frames of all others: they count as failed, and the job fails
            // only if no frame of any segment could be decoded.
            logger.LogWarning("No frame from {Start} to {End} can be decoded", segment.StartFrame, segment.EndFrame);
            return Undecodable(length, wanted);
        }
    }

    /// <summary>A busy InferenceService is no failure: the segment waits its turn.</summary>
    private async Task<RunPipelineResponse> CallUntilTakenAsync(
        RunPipelineRequest request, RecordedRun run, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await inference.RunAsync(request, run.Place, cancellationToken);
            }
            catch (InferenceFailedException busy) when (busy.Failure.Reason == ErrorReason.InferenceBusy)
            {
                await Task.Delay(busy.RetryAfter ?? BusyDelay, time, cancellationToken);
            }
            catch (InferenceFailedException failed)
            {
                run.Note(failed.Failure);
                throw;
            }
        }
    }

    private static RunPipelineRequest RequestFor(JobRecord job, Uri video, Segment segment, int jobEndFrame) => new()
    {
        Video = new VideoSource { Uri = video.AbsoluteUri },
        PipelineId = job.PipelineId,
        Range = new FrameRange { StartFrame = segment.StartFrame, EndFrame = segment.EndFrame },
        FrameStride = job.FrameStride,
        JobId = job.JobId.ToString(),
        Attempt = job.Attempts.Count,
        JobEndFrame = segment.EndFrame < jobEndFrame ? jobEndFrame : 0,
    };

    private static RunPipelineResponse Undecodable(int length, int wanted) => new()
    {
        Frames = new FrameAccounting
        {
            Decoded = length,
            Failed = wanted,
            Skipped = length - wanted,
            FailedByReason = { [ErrorReason.UndecodableVideo.ToText()] = wanted },
        },
    };
}
