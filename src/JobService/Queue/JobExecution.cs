using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tracing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The work of an attempt: probe the video, plan its segments, take over what earlier attempts stored of them, have the
/// others worked on, and make the document of all. Whatever interrupts it, the next attempt goes on from there, and the
/// document and the summary are those of a run that nothing interrupted.
/// </summary>
internal sealed class JobExecution(
    JobTracker board,
    IStorage storage,
    SegmentStore store,
    IInferenceClient inference,
    SegmentScheduler segments,
    CrashPoints crashPoints,
    IOptions<DispatchOptions> options,
    TimeProvider time,
    ILogger<JobExecution> logger)
{
    /// <summary>Works on a claimed job until its results are stored.</summary>
    /// <exception cref="InferenceFailedException">A segment, or the probe, failed.</exception>
    public async Task<CompletedWork> RunAsync(JobRecord job, Guid token, CancellationToken cancellationToken)
    {
        var video = storage.UriOf(job.InputPath);
        var probe = await inference.ProbeAsync(video, cancellationToken);
        var segmentFrames = job.SegmentFrames > 0 ? job.SegmentFrames : options.Value.SegmentFrames;
        var stored = PlanStored(job, probe);
        var plan = stored ?? SegmentPlan.Create(
            probe.Video.FrameCount, probe.KeyFrames, job.FrameStride, job.MaxFrames, segmentFrames);
        var progress = new AttemptProgress();
        var missing = stored is null ? plan : TakeOver(job, plan, progress);
        await ShowPlanAsync(job, token, probe.Video, segmentFrames, progress.Current, cancellationToken);
        crashPoints.Pass(CrashPoint.JobPlanned);
        if (stored is null)
        {
            // After the record has segmentFrames, so that a crash in between changes nothing about the plan.
            await store.StorePlanAsync(job.JobId, plan, cancellationToken);
        }

        await segments.RunAsync(job, video, missing, Advance, cancellationToken);
        return await WriteResultsAsync(job, token, video, plan, probe.Video.FrameCount, cancellationToken);

        void Advance(RunPipelineResponse segment)
        {
            progress.Add(segment);
            board.Tick(job.JobId, shown => JobTransitions.Advance(shown, token, progress.Current, time.GetUtcNow()));
        }
    }

    /// <summary>
    /// Removes the segments of a completed job, which the document has by now. What a crash or an error leaves is
    /// removed at the next start.
    /// </summary>
    public void RemoveSegments(Guid jobId)
    {
        try
        {
            store.RemoveAll(jobId);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning(failure, "The segments of job {JobId} could not be removed; the next start does", jobId);
        }
    }

    /// <summary>The plan of an earlier attempt, where it is one of this video.</summary>
    private IReadOnlyList<Segment>? PlanStored(JobRecord job, ProbeVideoResponse probe)
    {
        var end = SegmentPlan.EndFrame(probe.Video.FrameCount, job.FrameStride, job.MaxFrames);
        return store.ReadPlan(job.JobId) is [.., { } last] plan && last.EndFrame == end ? plan : null;
    }

    /// <summary>Adds up the segments that are stored and whole; returns the others.</summary>
    private List<Segment> TakeOver(JobRecord job, IReadOnlyList<Segment> plan, AttemptProgress progress)
    {
        var missing = new List<Segment>();
        foreach (var segment in plan)
        {
            if (store.Read(job.JobId, segment, job.FrameStride) is { } answer)
            {
                progress.Add(answer);
            }
            else
            {
                missing.Add(segment);
            }
        }

        if (missing.Count < plan.Count)
        {
            logger.LogInformation(
                "Job {JobId} goes on after {Stored} of {Planned} segments, {Frames} frames",
                job.JobId, plan.Count - missing.Count, plan.Count, progress.Current.FramesDone);
        }

        return missing;
    }

    private async Task ShowPlanAsync(
        JobRecord job, Guid token, VideoInfo video, int segmentFrames, SegmentProgress resumed,
        CancellationToken cancellationToken)
    {
        var total = SegmentPlan.AnalyzedFrames(video.FrameCount, job.FrameStride, job.MaxFrames);
        var work = new PlannedWork(video, total, segmentFrames);
        await board.ChangeAsync(
            job.JobId,
            shown =>
            {
                var planned = JobTransitions.Plan(shown, token, work, resumed, time.GetUtcNow());
                return resumed.Device is null
                    ? planned
                    : JobTransitions.Advance(planned, token, resumed, time.GetUtcNow());
            },
            cancellationToken);
    }

    /// <summary>Writes the document and the summary from the stored segments, one in memory at a time.</summary>
    private async Task<CompletedWork> WriteResultsAsync(
        JobRecord job, Guid token, Uri video, IReadOnlyList<Segment> plan, int frameCount,
        CancellationToken cancellationToken)
    {
        using var step = JobTraces.StartStep(JobTraces.Results);
        var outputPath = ArtifactKeys.Results(job.JobId);
        await using var artifact = storage.Stage(outputPath);
        var document = new ResultsDocumentWriter(artifact.Stream);
        var tally = new AttemptTally(frameCount, plan[^1].EndFrame);
        foreach (var segment in plan)
        {
            var answer = await ReadOrRepeatAsync(job, video, segment, cancellationToken);
            tally.Add(answer.Frames);
            foreach (var frame in answer.Results)
            {
                await document.WriteAsync(frame, cancellationToken);
                tally.Add(frame);
            }
        }

        var summary = tally.Finish();
        await document.CompleteAsync(cancellationToken);
        crashPoints.Pass(CrashPoint.ResultsWritten);
        await artifact.CommitAsync(cancellationToken);
        crashPoints.Pass(CrashPoint.ResultsStored);
        await WriteSidecarAsync(job.JobId, token, outputPath, summary, cancellationToken);
        return new CompletedWork(outputPath, summary);
    }

    /// <summary>The job as it is about to be, for whoever has to make the database anew from the storage.</summary>
    private async Task WriteSidecarAsync(
        Guid jobId, Guid token, string outputPath, JobSummary summary, CancellationToken cancellationToken)
    {
        if (await board.FindAsync(jobId, cancellationToken) is { } job)
        {
            var completed = JobTransitions.Complete(job, token, outputPath, summary, time.GetUtcNow());
            await JobManifest.WriteAsync(storage, completed, cancellationToken);
            crashPoints.Pass(CrashPoint.SidecarStored);
        }
    }

    /// <summary>A segment that was damaged after it was stored is run again; its frames are counted already.</summary>
    private async Task<RunPipelineResponse> ReadOrRepeatAsync(
        JobRecord job, Uri video, Segment segment, CancellationToken cancellationToken)
    {
        if (store.Read(job.JobId, segment, job.FrameStride) is { } answer)
        {
            return answer;
        }

        logger.LogWarning(
            "The segment {Start} to {End} of job {JobId} is run again",
            segment.StartFrame, segment.EndFrame, job.JobId);
        RunPipelineResponse? repeated = null;
        await segments.RunAsync(job, video, [segment], done => repeated = done, cancellationToken);
        return repeated!;
    }
}
