using System.ComponentModel.DataAnnotations;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The work of an attempt, in order: probe the video, plan its segments, keep the stored ones, run the others, and
/// write the results document from all of them. After any interruption the next attempt continues from the stored
/// segments, and document and summary are byte for byte those of an uninterrupted run.
/// </summary>
internal sealed class JobExecution(
    JobTracker tracker,
    IStorage storage,
    SegmentStore store,
    IInferenceClient inference,
    SegmentScheduler segments,
    CrashPoints crashPoints,
    IOptions<SegmentOptions> options,
    TimeProvider time,
    ILogger<JobExecution> logger)
{
    /// <summary>Works on a claimed job until its results are stored.</summary>
    /// <exception cref="InferenceFailedException">The probe or a segment failed.</exception>
    public async Task<JobResult> RunAsync(JobRecord job, Guid token, CancellationToken cancellationToken)
    {
        var video = storage.UriOf(job.InputPath);
        var probe = await inference.ProbeAsync(video, cancellationToken);
        var segmentFrames = job.SegmentFrames > 0 ? job.SegmentFrames : options.Value.SegmentFrames;
        var stored = ReadPlan(job, probe);
        var plan = stored ?? SegmentPlan.Create(
            probe.Video.FrameCount, probe.KeyFrames, job.FrameStride, job.MaxFrames, segmentFrames);
        var totals = new SegmentTotals();
        var missing = stored is null ? plan : FindMissing(job, plan, totals);
        await RecordPlanAsync(job, token, probe.Video, segmentFrames, totals.Current, cancellationToken);
        crashPoints.Pass(CrashPoint.JobPlanned);
        if (stored is null)
        {
            // After the record holds segmentFrames, so that a crash in between does not change the plan.
            await store.StorePlanAsync(job.JobId, plan, cancellationToken);
        }

        await segments.RunAsync(job, video, missing, OnStored, cancellationToken);
        return await WriteResultsAsync(job, token, video, plan, probe.Video.FrameCount, cancellationToken);

        void OnStored(RunPipelineResponse segment)
        {
            totals.Add(segment);
            tracker.UpdateProgress(
                job.JobId, shown => JobTransitions.Advance(shown, token, totals.Current, time.GetUtcNow()));
        }
    }

    /// <summary>
    /// Removes the segments of a completed job. The sweep at the next start removes what a crash or an error leaves.
    /// </summary>
    public void RemoveSegments(Guid jobId)
    {
        try
        {
            store.RemoveAll(jobId);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning(failure, "Segments of job {JobId} not removed; the next start removes them", jobId);
        }
    }

    /// <summary>Rewrites the manifest if UpdateJob changed the job between the manifest and the completion.</summary>
    public Task UpdateManifestAsync(JobRecord? completed, JobRecord? written) =>
        completed is null || written is null || JobManifest.AgreesWith(written, completed)
            ? Task.CompletedTask
            : JobManifest.FollowAsync(storage, tracker, completed.JobId, logger);

    /// <summary>Returns the plan of an earlier attempt if it covers this video.</summary>
    private IReadOnlyList<Segment>? ReadPlan(JobRecord job, ProbeVideoResponse probe)
    {
        var end = SegmentPlan.EndFrame(probe.Video.FrameCount, job.FrameStride, job.MaxFrames);
        return store.ReadPlan(job.JobId) is [.., { } last] plan && last.EndFrame == end ? plan : null;
    }

    /// <summary>Adds up the segments that are stored undamaged; returns the others.</summary>
    private List<Segment> FindMissing(JobRecord job, IReadOnlyList<Segment> plan, SegmentTotals totals)
    {
        var missing = new List<Segment>();
        foreach (var segment in plan)
        {
            if (store.Read(job.JobId, segment, job.FrameStride) is { } response)
            {
                totals.Add(response);
            }
            else
            {
                missing.Add(segment);
            }
        }

        if (missing.Count < plan.Count)
        {
            logger.LogInformation(
                "Job {JobId} resumed: {Stored} of {Planned} segments ({Frames} frames) are stored",
                job.JobId, plan.Count - missing.Count, plan.Count, totals.Current.FramesDone);
        }

        return missing;
    }

    private async Task RecordPlanAsync(
        JobRecord job, Guid token, VideoInfo video, int segmentFrames, SegmentProgress resumed,
        CancellationToken cancellationToken)
    {
        var total = SegmentPlan.AnalyzedFrames(video.FrameCount, job.FrameStride, job.MaxFrames);
        var work = new PlannedWork(video, total, segmentFrames);
        await tracker.ChangeAsync(
            job.JobId,
            shown =>
            {
                var planned = JobTransitions.Plan(shown, token, work, resumed, time.GetUtcNow());
                return resumed.Devices.Count == 0
                    ? planned
                    : JobTransitions.Advance(planned, token, resumed, time.GetUtcNow());
            },
            cancellationToken);
    }

    /// <summary>Writes document and manifest from the stored segments, with one segment in memory at a time.</summary>
    private async Task<JobResult> WriteResultsAsync(
        JobRecord job, Guid token, Uri video, IReadOnlyList<Segment> plan, int frameCount,
        CancellationToken cancellationToken)
    {
        using var step = JobTraces.StartStep(JobTraces.Results);
        var outputPath = ArtifactKeys.Results(job.JobId);
        await using var artifact = storage.Stage(outputPath);
        var document = new ResultsDocumentWriter(artifact.Stream);
        var builder = new SummaryBuilder();
        foreach (var segment in plan)
        {
            var response = await ReadOrRepeatAsync(job, video, segment, cancellationToken);
            builder.Add(response.Frames);
            foreach (var frame in response.Results)
            {
                await document.WriteAsync(frame, cancellationToken);
                builder.Add(frame);
            }
        }

        var summary = builder.Complete(frameCount, plan[^1].EndFrame, out var failure);
        if (failure is not null)
        {
            throw new InferenceFailedException(failure);
        }

        await document.CompleteAsync(cancellationToken);
        crashPoints.Pass(CrashPoint.ResultsWritten);
        await artifact.CommitAsync(cancellationToken);
        crashPoints.Pass(CrashPoint.ResultsStored);
        var manifest = await WriteManifestAsync(job.JobId, token, outputPath, summary, cancellationToken);
        return new JobResult(outputPath, summary, manifest);
    }

    /// <summary>Stores the completed job beside its results, from which the database can be rebuilt.</summary>
    private async Task<JobRecord?> WriteManifestAsync(
        Guid jobId, Guid token, string outputPath, JobSummary summary, CancellationToken cancellationToken)
    {
        if (await tracker.FindAsync(jobId, cancellationToken) is not { } job)
        {
            return null;
        }

        var completed = JobTransitions.Complete(job, token, outputPath, summary, time.GetUtcNow());
        await JobManifest.WriteAsync(storage, completed, cancellationToken);
        crashPoints.Pass(CrashPoint.ManifestStored);
        return completed;
    }

    /// <summary>Runs a segment again that was damaged after it was stored; its frames are already counted.</summary>
    private async Task<RunPipelineResponse> ReadOrRepeatAsync(
        JobRecord job, Uri video, Segment segment, CancellationToken cancellationToken)
    {
        if (store.Read(job.JobId, segment, job.FrameStride) is { } response)
        {
            return response;
        }

        logger.LogWarning(
            "Segment {Start} to {End} of job {JobId} is damaged; running it again",
            segment.StartFrame, segment.EndFrame, job.JobId);
        RunPipelineResponse? repeated = null;
        await segments.RunAsync(job, video, [segment], done => repeated = done, cancellationToken);
        return repeated!;
    }

    /// <summary>Adds up finished segments in any order. Thread-safe.</summary>
    private sealed class SegmentTotals
    {
        private readonly Lock _lock = new();
        private SegmentProgress _current = new(0, TimeSpan.Zero, TimeSpan.Zero, DeviceList.Empty);

        public SegmentProgress Current => Volatile.Read(ref _current);

        public void Add(RunPipelineResponse segment)
        {
            lock (_lock)
            {
                _current = new SegmentProgress(
                    _current.FramesDone + segment.Frames.Analyzed,
                    _current.DecodeTime + (segment.Timings?.Decode?.ToTimeSpan() ?? TimeSpan.Zero),
                    _current.InferenceTime + (segment.Timings?.Inference?.ToTimeSpan() ?? TimeSpan.Zero),
                    _current.Devices.With(segment.Device));
            }
        }
    }
}

/// <summary>
/// Runs segments of a job, a few at a time per InferenceService, and stores each response as soon as it arrives, in any
/// order. Only the segments in flight are in memory.
/// </summary>
internal sealed class SegmentScheduler(
    IInferenceClient inference,
    SegmentStore store,
    SegmentRuns runs,
    CrashPoints crashPoints,
    IOptions<SegmentOptions> options,
    TimeProvider time,
    ILogger<SegmentScheduler> logger)
{
    /// <summary>Wait before a call is repeated if a busy InferenceService gives no retry delay.</summary>
    private static readonly TimeSpan BusyDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Runs and stores segments. If one fails, cancels those in flight and waits for their end; stored segments stay.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="video">The job's video.</param>
    /// <param name="segments">The segments to run, in order of their start.</param>
    /// <param name="onStored">Called for each stored segment, from any thread.</param>
    /// <param name="cancellationToken">Cancels all segments in flight.</param>
    /// <exception cref="InferenceFailedException">A segment failed.</exception>
    public async Task RunAsync(
        JobRecord job, Uri video, IReadOnlyList<Segment> segments, Action<RunPipelineResponse> onStored,
        CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var inFlight = new List<Task>();
        var next = 0;
        try
        {
            while (next < segments.Count || inFlight.Count > 0)
            {
                // InferenceServices come and go while a job runs.
                while (next < segments.Count
                    && inFlight.Count < options.Value.SegmentsInFlight * Math.Max(1, inference.ServingCount))
                {
                    inFlight.Add(RunAsync(job, video, segments[next++], segments[^1].EndFrame, onStored, ending.Token));
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

    private async Task RunAsync(
        JobRecord job, Uri video, Segment segment, int jobEndFrame, Action<RunPipelineResponse> onStored,
        CancellationToken cancellationToken)
    {
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
            await store.StoreAsync(job.JobId, segment, response, cancellationToken);
            crashPoints.Pass(CrashPoint.SegmentStored);
            run.Finish(response.Frames.Analyzed);
            onStored(response);
        }
        finally
        {
            run.End();
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
            // if no frame of any segment can be decoded.
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
