using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Runs segments of a job, a few at a time per InferenceService and in turn with other tenants. Stores each response as
/// soon as it arrives, in any order. Only the segments in flight are in memory. Segments that lost their
/// InferenceService before run alone: of all jobs' segments, at most one such runs at a time.
/// </summary>
internal sealed class SegmentScheduler(
    IInferenceClient inference,
    IJobStore jobs,
    SegmentStore store,
    SegmentRuns runs,
    SegmentPlaces places,
    CrashPoints crashPoints,
    IOptions<SegmentOptions> options,
    IOptions<RetryOptions> retry,
    TimeProvider time,
    ILogger<SegmentScheduler> logger) : IDisposable
{
    /// <summary>Wait before a call is repeated if a busy InferenceService gives no retry delay.</summary>
    private static readonly TimeSpan BusyDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>Taken by a segment that may be what ends its InferenceService.</summary>
    private readonly SemaphoreSlim _suspect = new(1);

    /// <summary>
    /// Runs and stores segments. If one fails, cancels those in flight and waits for their end; stored segments stay.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="video">The job's video.</param>
    /// <param name="segments">The segments to run, in order of their start.</param>
    /// <param name="results">Reserves the bytes of each segment before it is stored.</param>
    /// <param name="onStored">Called for each stored segment, from any thread.</param>
    /// <param name="cancellationToken">Cancels all segments in flight.</param>
    /// <exception cref="InferenceFailedException">A segment failed.</exception>
    /// <exception cref="ServiceException">TENANT_QUOTA_EXCEEDED: too many results.</exception>
    public async Task RunAsync(
        JobRecord job, Uri video, IReadOnlyList<Segment> segments, ResultReservation results,
        Action<RunPipelineResponse> onStored, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var inFlight = new List<Task>();
        var next = 0;
        try
        {
            IReadOnlyList<SegmentRun> earlier = job.Attempts.Count > 1 + job.ForgivenAttempts
                ? [.. (await jobs.ListFailedSegmentsAsync(job.JobId, ending.Token))
                    .Where(run => run.Attempt > job.ForgivenAttempts && run.Attempt < job.Attempts.Count)]
                : [];
            for (var suspects = RetryPolicy.SuspectCount(segments, earlier); next < suspects; next++)
            {
                await RunAloneAsync(
                    job, video, segments[next], segments[^1].EndFrame, results, earlier, onStored, ending.Token);
            }

            while (next < segments.Count || inFlight.Count > 0)
            {
                // InferenceServices come and go while a job runs.
                while (next < segments.Count
                    && inFlight.Count < options.Value.SegmentsInFlight * Math.Max(1, inference.ServingCount))
                {
                    inFlight.Add(RunAsync(
                        job, video, segments[next++], segments[^1].EndFrame, results, earlier, onStored, ending.Token));
                }

                var ended = await Task.WhenAny(inFlight);
                inFlight.Remove(ended);
                await ended;
            }
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(inFlight).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _suspect.Dispose();

    private async Task RunAloneAsync(
        JobRecord job, Uri video, Segment segment, int jobEndFrame, ResultReservation results,
        IReadOnlyList<SegmentRun> earlier, Action<RunPipelineResponse> onStored, CancellationToken cancellationToken)
    {
        await _suspect.WaitAsync(cancellationToken);
        try
        {
            await RunAsync(job, video, segment, jobEndFrame, results, earlier, onStored, cancellationToken);
        }
        finally
        {
            _suspect.Release();
        }
    }

    private async Task RunAsync(
        JobRecord job, Uri video, Segment segment, int jobEndFrame, ResultReservation results,
        IReadOnlyList<SegmentRun> earlier, Action<RunPipelineResponse> onStored, CancellationToken cancellationToken)
    {
        using var place = await places.EnterAsync(job.Tenant, cancellationToken);
        using var step = JobTraces.StartSegment(segment.StartFrame, segment.EndFrame);
        var run = runs.Begin(job, segment);
        try
        {
            var response = await AnalyzeAsync(job, video, segment, jobEndFrame, run, cancellationToken);
            if (SegmentCheck.DefectOf(segment, job.FrameStride, response) is { } defect)
            {
                throw new InferenceFailedException(new JobFailure(ErrorReason.Internal, defect));
            }

            crashPoints.Pass(CrashPoint.SegmentReturned);
            run.SetResults(response);
            results.Add(StoredSegment.SizeOf(response));
            if (response.Frames.Failed > 0)
            {
                // Before the segment is stored, because a stored one does not run again.
                await jobs.AddFailedSegmentAsync(job.JobId, run.Ended, cancellationToken);
            }

            await store.StoreAsync(job.JobId, segment, job.Attempts.Count, response, cancellationToken);
            crashPoints.Pass(CrashPoint.SegmentStored);
            run.Finish();
            onStored(response);
        }
        catch (InferenceFailedException failed)
            when (!InferenceFailures.IsUnreadable(failed.Failure.Reason))
        {
            run.SetFailure(failed.Failure);
            await KeepFailureAsync(job.JobId, run.Ended);
            if (RetryPolicy.IsLost(run.Current)
                && RetryPolicy.AfterSegmentLoss(run.Current, earlier, retry.Value) is { IsFinal: true } final)
            {
                throw new InferenceFailedException(final, failed);
            }

            throw;
        }
        finally
        {
            run.End();
        }
    }

    /// <summary>Keeps a failed run; if that fails, the attempt still fails with the run's reason.</summary>
    private async Task KeepFailureAsync(Guid jobId, SegmentRun run)
    {
        try
        {
            await jobs.AddFailedSegmentAsync(jobId, run, CancellationToken.None);
        }
        catch (Exception failure)
        {
            logger.LogError(
                failure, "Failure of frames {Start} to {End} of job {JobId} not stored for its diagnosis",
                run.Segment.StartFrame, run.Segment.EndFrame, jobId);
        }
    }

    private async Task<RunPipelineResponse> AnalyzeAsync(
        JobRecord job, Uri video, Segment segment, int jobEndFrame, SegmentRunRecorder run,
        CancellationToken cancellationToken)
    {
        var length = segment.EndFrame - segment.StartFrame;
        var analyzed = SegmentPlan.FramesWithin(segment.StartFrame, segment.EndFrame, job.FrameStride);
        if (analyzed == 0)
        {
            return new RunPipelineResponse { Frames = new FrameAccounting { Total = length, Skipped = length } };
        }

        var request = new RunPipelineRequest
        {
            Video = new VideoSource { Uri = video.AbsoluteUri },
            PipelineId = job.PipelineId,
            Range = new FrameRange { StartFrame = segment.StartFrame, EndFrame = segment.EndFrame },
            FrameStride = job.FrameStride,
            JobId = job.JobId.ToString(),
            Attempt = job.Attempts.Count,
            JobEndFrame = segment.EndFrame < jobEndFrame ? jobEndFrame : 0,
        };
        try
        {
            return await CallUntilAcceptedAsync(request, run, cancellationToken);
        }
        catch (InferenceFailedException failed) when (failed.Failure.Reason == ErrorReason.UndecodableVideo)
        {
            // A damaged part must not cost the frames of all others: its frames count as failed, and the job fails only
            // if it loses too many (Segments:MaxLostFrameShare).
            logger.LogWarning(
                "Frames {Start} to {End} of job {JobId} cannot be decoded",
                segment.StartFrame, segment.EndFrame, job.JobId);
            return new RunPipelineResponse
            {
                Frames = new FrameAccounting
                {
                    Total = length,
                    Failed = analyzed,
                    Skipped = length - analyzed,
                    Failures =
                    {
                        new FrameFailureCount
                        {
                            Reason = ErrorReason.UndecodableVideo.ToText(), FrameCount = analyzed,
                        },
                    },
                },
            };
        }
    }

    /// <summary>Calls an InferenceService, again while all are busy: that is not a failure of the segment.</summary>
    private async Task<RunPipelineResponse> CallUntilAcceptedAsync(
        RunPipelineRequest request, SegmentRunRecorder run, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await inference.RunAsync(request, run.SetInstance, cancellationToken);
            }
            catch (InferenceFailedException busy) when (busy.Failure.Reason == ErrorReason.InferenceBusy)
            {
                await Task.Delay(busy.RetryAfter ?? BusyDelay, time, cancellationToken);
            }
            catch (InferenceFailedException failed)
            {
                run.SetFailure(failed.Failure);
                throw;
            }
        }
    }
}

/// <summary>How long segments are and how many run at a time. Section "Dispatch".</summary>
internal sealed class SegmentOptions
{
    public const string Section = "Dispatch";

    /// <summary>Target number of analyzed frames per segment; cuts move to key frames that are near.</summary>
    /// <value>1 to 10000; 32 by default, which gives progress every few seconds on a CPU.</value>
    [Range(1, 10_000)]
    [Limit("frames", "Target number of analyzed frames per segment; cuts move to key frames that are near.")]
    public int SegmentFrames { get; set; } = 32;

    /// <summary>
    /// Maximum number of segments of one job in flight at each InferenceService: it decodes the next one while it
    /// finishes this one.
    /// </summary>
    /// <value>1 to 64; 2 by default.</value>
    [Range(1, 64)]
    [Limit("segments", "Segments of one job in flight at each InferenceService; others wait.")]
    public int SegmentsInFlight { get; set; } = 2;
}
