using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tracing;
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
    ISegmentStore store,
    IInferenceClient inference,
    SegmentScheduler segments,
    CrashPoints crashPoints,
    IOptions<SegmentOptions> options,
    IOptions<InferenceOptions> inferenceOptions,
    IOptions<FrameLossOptions> loss,
    IOptions<TenantOptions> tenants,
    TimeProvider time,
    ILogger<JobExecution> logger)
{
    /// <summary>The failure of a job whose video disappeared from the storage.</summary>
    private static readonly JobFailure VideoGone = new(
        ErrorReason.VideoGone, "The video is missing from the storage, so the job cannot run. Submit the video again.");

    /// <summary>Works on a claimed job until its results are stored.</summary>
    /// <exception cref="InferenceFailedException">The probe or a segment failed, or the job has or lost too many
    /// frames.</exception>
    /// <exception cref="ServiceException">TENANT_QUOTA_EXCEEDED: too many results.</exception>
    public async Task<JobResult> RunAsync(
        JobRecord job, Guid token, ResultReservation results, CancellationToken cancellationToken)
    {
        try
        {
            return await AnalyzeAsync(job, token, results, cancellationToken);
        }
        catch (InferenceFailedException failed) when (InferenceFailures.IsUnreadable(failed.Failure.Reason))
        {
            if (await storage.ExistsAsync(job.InputPath, cancellationToken))
            {
                throw;
            }

            throw new InferenceFailedException(VideoGone, failed);
        }
    }

    private async Task<JobResult> AnalyzeAsync(
        JobRecord job, Guid token, ResultReservation results, CancellationToken cancellationToken)
    {
        var probe = await BusyRetry.CallAsync(() => ProbeAsync(job, cancellationToken), time, cancellationToken);
        var segmentFrames = job.SegmentFrames > 0 ? job.SegmentFrames : options.Value.SegmentFrames;
        var planner = new SegmentPlanner(
            probe.Video.FrameCount, probe.KeyFrames, job.FrameStride, job.MaxFrames, segmentFrames, loss.Value);
        if (JobLimits.CheckFrames(planner.FramesTotal, tenants.Value.For(job.Tenant)) is { } failure)
        {
            throw new InferenceFailedException(failure);
        }

        var totals = SegmentTotals.Of(job, probe);
        var stored = planner.Accept(await store.ReadPlanAsync(job.JobId, cancellationToken));
        var (plan, missing) = stored is null
            ? StartPlan(planner)
            : await ResumeAsync(job, planner, stored, totals, cancellationToken);
        results.Resume(totals.Current.ResultBytes);
        await RecordPlanAsync(job, token, probe.Video, planner, totals.Current, cancellationToken);
        crashPoints.Pass(CrashPoint.JobPlanned);
        if (stored is null)
        {
            // After the record holds segmentFrames, so that a crash in between does not change the plan.
            await store.StorePlanAsync(job.JobId, token, plan, cancellationToken);
        }
        else if (plan.Count < stored.Count)
        {
            await store.ShortenPlanAsync(job.JobId, token, stored, plan.Count, cancellationToken);
        }

        while (true)
        {
            await segments.RunAsync(job, token, missing, results, OnStored, cancellationToken);
            missing = planner.Extend(plan, totals.Analyzed, totals.Lost);
            if (missing.Count == 0)
            {
                break;
            }

            plan = [.. plan, .. missing];
            logger.LogInformation(
                "Job {JobId} lost {Lost} frames; frames up to {EndFrame} are planned to reach max_frames",
                job.JobId, totals.Lost, plan[^1].EndFrame);
            await store.StorePlanAsync(job.JobId, token, plan, cancellationToken);
        }

        return await WriteResultsAsync(job, token, results, plan, probe, cancellationToken);

        void OnStored(RunPipelineResponse segment)
        {
            totals.Add(segment);
            tracker.UpdateProgress(
                job.JobId, (shown, now) => JobTransitions.Advance(shown, token, totals.Current, now));
        }
    }

    /// <summary>
    /// Removes the segments of a completed job. The sweep at the next start removes what a crash or an error leaves.
    /// </summary>
    public async Task RemoveSegmentsAsync(Guid jobId)
    {
        try
        {
            await store.RemoveAllAsync(jobId, CancellationToken.None);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ServiceException)
        {
            logger.LogWarning(failure, "Segments of job {JobId} not removed; the next start removes them", jobId);
        }
    }

    /// <summary>Rewrites the manifest if UpdateJob changed the job between the manifest and the completion.</summary>
    public Task UpdateManifestAsync(JobRecord? completed, JobRecord? written) =>
        completed is null || written is null || JobManifest.AgreesWith(written, completed)
            ? Task.CompletedTask
            : JobManifest.FollowAsync(storage, tracker, completed.JobId, logger);

    private async Task<ProbeVideoResponse> ProbeAsync(JobRecord job, CancellationToken cancellationToken)
    {
        var video = await storage.GrantReadAsync(
            job.InputPath, inferenceOptions.Value.ProbeTimeout, cancellationToken);
        return await inference.ProbeAsync(video.ToSource(job.VideoBytes), cancellationToken);
    }

    private static (IReadOnlyList<Segment> Plan, IReadOnlyList<Segment> Missing) StartPlan(SegmentPlanner planner)
    {
        var plan = planner.Start();
        return (plan, plan);
    }

    /// <summary>
    /// Keeps the plan of an earlier attempt, and of its extensions those that follow from the finished segments: frames
    /// that RetryJob recovers must not raise the number of results above max_frames.
    /// </summary>
    private async Task<(IReadOnlyList<Segment> Plan, IReadOnlyList<Segment> Missing)> ResumeAsync(
        JobRecord job, SegmentPlanner planner, IReadOnlyList<Segment> stored, SegmentTotals totals,
        CancellationToken cancellationToken)
    {
        var plan = stored.Take(planner.LengthOfStart(stored)).ToList();
        var missing = await FindMissingAsync(job, plan, totals, cancellationToken);
        while (missing.Count == 0
            && planner.Extend(plan, totals.Analyzed, totals.Lost) is { Count: > 0 } extension
            && stored.Skip(plan.Count).Take(extension.Count).SequenceEqual(extension))
        {
            plan.AddRange(extension);
            missing = await FindMissingAsync(job, extension, totals, cancellationToken);
        }

        if (missing.Count < plan.Count)
        {
            logger.LogInformation(
                "Job {JobId} resumed: {Stored} of {Planned} segments ({Frames} frames) are stored",
                job.JobId, plan.Count - missing.Count, plan.Count, totals.Analyzed);
        }

        return (plan, missing);
    }

    /// <summary>Adds up the finished segments; returns the others.</summary>
    private async Task<List<Segment>> FindMissingAsync(
        JobRecord job, IReadOnlyList<Segment> planned, SegmentTotals totals, CancellationToken cancellationToken)
    {
        var missing = new List<Segment>();
        foreach (var segment in planned)
        {
            if (await store.ReadFinishedAsync(job, segment, cancellationToken) is { } response)
            {
                totals.Add(response);
            }
            else
            {
                missing.Add(segment);
            }
        }

        return missing;
    }

    private async Task RecordPlanAsync(
        JobRecord job, Guid token, VideoInfo video, SegmentPlanner planner, SegmentProgress resumed,
        CancellationToken cancellationToken)
    {
        var work = new PlannedWork(video, planner.FramesTotal, planner.SegmentFrames);
        await tracker.ChangeOwnAsync(
            job.JobId,
            (shown, now) =>
            {
                var planned = JobTransitions.Plan(shown, token, work, resumed, now);
                return resumed.Devices.Count == 0 ? planned : JobTransitions.Advance(planned, token, resumed, now);
            },
            cancellationToken);
    }

    /// <summary>Writes document and manifest from the stored segments, with one segment in memory at a time.</summary>
    private async Task<JobResult> WriteResultsAsync(
        JobRecord job, Guid token, ResultReservation results, IReadOnlyList<Segment> plan,
        ProbeVideoResponse probe, CancellationToken cancellationToken)
    {
        using var step = JobTraces.StartStep(JobTraces.Results);
        var outputPath = ArtifactKeys.Results(job.JobId, storage.IsShared ? token : null);
        await using var artifact = await storage.StageAsync(outputPath, cancellationToken);
        var document = new ResultsDocumentWriter(artifact.Stream);
        var builder = new SummaryBuilder();
        var totals = SegmentTotals.Of(job, probe);
        foreach (var segment in plan)
        {
            var response = await ReadOrRepeatAsync(job, token, segment, results, cancellationToken);
            builder.Add(response.Frames);
            totals.Add(response);
            foreach (var frame in response.Results)
            {
                await document.WriteAsync(frame, cancellationToken);
                builder.Add(frame);
            }

            results.TakeDocument(artifact.Stream.Length);
        }

        var summary = builder.Complete(
            probe.Video.FrameCount, plan[^1].EndFrame, loss.Value, out var failure);
        if (failure is not null)
        {
            throw new InferenceFailedException(failure);
        }

        await document.CompleteAsync(cancellationToken);
        var stored = new StoredResults(outputPath, artifact.Stream.Length);
        results.TakeDocument(stored.Bytes);
        crashPoints.Pass(CrashPoint.ResultsWritten);
        await document.Index.WriteAsync(storage, outputPath, stored.Bytes, cancellationToken);
        await artifact.CommitAsync(cancellationToken);
        crashPoints.Pass(CrashPoint.ResultsStored);
        var result = new JobResult(stored, summary, totals.Current.Warnings, Manifest: null);
        return result with { Manifest = await WriteManifestAsync(job.JobId, token, result, cancellationToken) };
    }

    /// <summary>Stores the completed job beside its results, from which the database can be rebuilt.</summary>
    private async Task<JobRecord?> WriteManifestAsync(
        Guid jobId, Guid token, JobResult result, CancellationToken cancellationToken)
    {
        if (await tracker.FindAsync(jobId, cancellationToken) is not { } job)
        {
            return null;
        }

        var completed = JobTransitions.Complete(
            tracker.WithOwnProgress(job), token, result.Results, result.Summary, result.Warnings, tracker.Now);
        await JobManifest.WriteAsync(storage, completed, cancellationToken);
        crashPoints.Pass(CrashPoint.ManifestStored);
        return completed;
    }

    /// <summary>Runs a segment again that was damaged after it was stored; its frames are already counted.</summary>
    private async Task<RunPipelineResponse> ReadOrRepeatAsync(
        JobRecord job, Guid token, Segment segment, ResultReservation results, CancellationToken cancellationToken)
    {
        if (await store.ReadAsync(job.JobId, segment, job.FrameStride, cancellationToken) is { } response)
        {
            return response;
        }

        logger.LogWarning(
            "Segment {Start} to {End} of job {JobId} is damaged; running it again",
            segment.StartFrame, segment.EndFrame, job.JobId);
        RunPipelineResponse? repeated = null;
        await segments.RunAsync(job, token, [segment], results, done => repeated = done, cancellationToken);
        return repeated!;
    }

    /// <summary>Adds up finished segments in any order. Thread-safe.</summary>
    /// <param name="ofVideo">What is wrong with the video as a whole.</param>
    private sealed class SegmentTotals(JobWarnings ofVideo)
    {
        private readonly Lock _lock = new();
        private JobWarnings _ofSegments = JobWarnings.Empty;
        private SegmentProgress _current =
            new(0, TimeSpan.Zero, TimeSpan.Zero, DeviceList.Empty) { Warnings = ofVideo };

        public SegmentProgress Current => Volatile.Read(ref _current);

        public int Analyzed => Current.FramesDone;

        public int Lost { get; private set; }

        /// <summary>No segments yet, of a video with the defects that submission and probe found.</summary>
        public static SegmentTotals Of(JobRecord job, ProbeVideoResponse probe) =>
            new(job.Warnings.OfFile().Or(new JobWarnings(probe.Warnings)));

        public void Add(RunPipelineResponse segment)
        {
            lock (_lock)
            {
                Lost += segment.Frames.Failed;
                _ofSegments = _ofSegments.Plus(JobWarnings.OfSegment(segment));
                _current = new SegmentProgress(
                    _current.FramesDone + segment.Frames.Analyzed,
                    _current.DecodeTime + (segment.Timings?.Decode?.ToTimeSpan() ?? TimeSpan.Zero),
                    _current.InferenceTime + (segment.Timings?.Inference?.ToTimeSpan() ?? TimeSpan.Zero),
                    _current.Devices.With(segment.Device))
                {
                    Warnings = ofVideo.Or(_ofSegments),
                    ResultBytes = _current.ResultBytes + StoredSegment.SizeOf(segment),
                };
            }
        }
    }
}
