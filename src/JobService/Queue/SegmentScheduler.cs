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
/// InferenceService before run alone in their job, and one at a time of all jobs (<see cref="SuspectGate"/>).
/// </summary>
internal sealed class SegmentScheduler(
    IInferenceClient inference,
    IJobStore jobs,
    IStorage storage,
    ISegmentStore store,
    SegmentRuns runs,
    SegmentPlaces places,
    SuspectGate gate,
    SegmentCalls calls,
    CrashPoints crashPoints,
    IOptions<SegmentOptions> options,
    IOptions<InferenceOptions> inferenceOptions,
    IOptions<RetryOptions> retry,
    TimeProvider time,
    ILogger<SegmentScheduler> logger)
{
    /// <summary>
    /// Runs and stores segments. If one fails, cancels those in flight and waits for their end; stored segments stay.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="token">The lease of the attempt.</param>
    /// <param name="segments">The segments to run, in order of their start.</param>
    /// <param name="results">Reserves the bytes of each segment before it is stored.</param>
    /// <param name="onStored">Called for each stored segment, from any thread.</param>
    /// <param name="cancellationToken">Cancels all segments in flight.</param>
    /// <exception cref="InferenceFailedException">A segment failed.</exception>
    /// <exception cref="ServiceException">TENANT_QUOTA_EXCEEDED: too many results.</exception>
    public async Task RunAsync(
        JobRecord job, Guid token, IReadOnlyList<Segment> segments, ResultReservation results,
        Action<Segment, RunPipelineResponse> onStored, CancellationToken cancellationToken)
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
                await RunAsync(
                    job, token, segments[next], DecodeEnd(job, segments, next), results, earlier, isSuspect: true,
                    onStored, ending.Token);
            }

            while (next < segments.Count || inFlight.Count > 0)
            {
                // InferenceServices come and go while a job runs.
                while (next < segments.Count
                    && inFlight.Count < options.Value.SegmentsInFlight * Math.Max(1, inference.ServingCount))
                {
                    var end = DecodeEnd(job, segments, next);
                    inFlight.Add(RunAsync(
                        job, token, segments[next++], end, results, earlier, isSuspect: false, onStored,
                        ending.Token));
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

    /// <summary>
    /// Index after the last frame up to which a decoder continues for the segments that follow one: it does not decode
    /// what is between two wanted parts of the video.
    /// </summary>
    private static int DecodeEnd(JobRecord job, IReadOnlyList<Segment> segments, int index)
    {
        if (job.Choices.TimeRanges.Count == 0)
        {
            return segments[^1].EndFrame;
        }

        while (index + 1 < segments.Count && segments[index + 1].StartFrame == segments[index].EndFrame)
        {
            index++;
        }

        return segments[index].EndFrame;
    }

    private static ResultFilter? FilterOf(JobOptions choices) =>
        choices is { Labels.Count: 0, MinConfidence: 0, Regions.Count: 0 }
            ? null
            : new ResultFilter
            {
                Labels = { choices.Labels },
                MinConfidence = choices.MinConfidence,
                Regions = { choices.Regions },
            };

    /// <summary>
    /// An InferenceService that does not know filters ignores them, and results that nobody wanted would be stored. One
    /// that knows them also tells the version of its pipeline.
    /// </summary>
    private static void RequireFilter(RunPipelineRequest request, RunPipelineResponse response)
    {
        if (request.Filter is not null && response.Results.Count > 0 && response.PipelineVersion.Length == 0)
        {
            throw new InferenceFailedException(new JobFailure(
                ErrorReason.Internal,
                "The InferenceService ignores labels, min_confidence and regions, because it is older than the "
                + "JobService: update it, then call RetryJob."));
        }
    }

    private async Task RunAsync(
        JobRecord job, Guid token, Segment segment, int jobEndFrame, ResultReservation results,
        IReadOnlyList<SegmentRun> earlier, bool isSuspect, Action<Segment, RunPipelineResponse> onStored,
        CancellationToken cancellationToken)
    {
        using var place = await places.EnterAsync(job.Tenant, cancellationToken);
        using var step = JobTraces.StartSegment(segment.StartFrame, segment.EndFrame);
        var run = runs.Begin(job, segment);
        try
        {
            var response = await AnalyzeAsync(job, segment, jobEndFrame, run, isSuspect, cancellationToken);
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

            await store.StoreAsync(
                job.JobId, token, segment, job.Attempts.Count, response, cancellationToken);
            crashPoints.Pass(CrashPoint.SegmentStored);
            run.Finish();
            onStored(segment, response);
        }
        catch (InferenceFailedException failed)
            when (!InferenceFailures.IsUnreadable(failed.Failure.Reason))
        {
            run.SetFailure(failed.Failure);
            await KeepFailureAsync(job.JobId, run.Ended);
            if (RetryPolicy.AfterSegmentLoss(run.Current, earlier, retry.Value) is { IsFinal: true } final)
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
        JobRecord job, Segment segment, int jobEndFrame, SegmentRunRecorder run, bool isSuspect,
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
            PipelineId = job.PipelineId,
            Range = new FrameRange { StartFrame = segment.StartFrame, EndFrame = segment.EndFrame },
            FrameStride = job.FrameStride,
            JobId = job.JobId.ToString(),
            Attempt = job.Attempts.Count,
            JobEndFrame = segment.EndFrame < jobEndFrame ? jobEndFrame : 0,
            Filter = FilterOf(job.Choices),
            Adaptive = LookIntervals.Of(job.Choices, job.FrameStride, job.Video?.FrameRate ?? 0),
        };
        try
        {
            var response = await BusyRetry.CallAsync(
                () => CallAsync(job, request, run, isSuspect, cancellationToken), time, cancellationToken);
            RequireFilter(request, response);
            return response;
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

    /// <summary>
    /// Calls an InferenceService, a suspect behind the gate. While all are busy the gate is free for others.
    /// </summary>
    private async Task<RunPipelineResponse> CallAsync(
        JobRecord job, RunPipelineRequest request, SegmentRunRecorder run, bool isSuspect,
        CancellationToken cancellationToken)
    {
        using var passed = isSuspect ? await gate.EnterAsync(job.Tenant, cancellationToken) : null;
        var video = await storage.GrantReadAsync(
            job.InputPath, inferenceOptions.Value.SegmentTimeout, cancellationToken);
        request.Video = video.ToSource(job.VideoBytes);
        using var call = calls.Begin(job.JobId);
        try
        {
            return await inference.RunAsync(request, OnInstance, cancellationToken);
        }
        catch (InferenceFailedException busy) when (busy.Failure.Reason == ErrorReason.InferenceBusy)
        {
            run.SetRefused();
            throw;
        }
        catch (InferenceFailedException failed)
        {
            if (failed.Failure == InferenceFailures.Lost)
            {
                run.SetLost(isShared: call.Lose());
            }

            run.SetFailure(failed.Failure);
            throw;
        }

        void OnInstance(Uri instance)
        {
            call.MoveTo(instance);
            run.SetInstance(instance);
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
