using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tracks;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The work of an attempt, in order: probe the video, plan its segments, keep the stored ones, run the others while
/// <see cref="TrackAhead"/> follows the tracks, and let <see cref="ResultsWriter"/> write the documents. After any
/// interruption the next attempt continues from the stored segments, and documents and summary are byte for byte those
/// of an uninterrupted run.
/// </summary>
internal sealed class JobExecution(
    JobTracker tracker,
    IStorage storage,
    ISegmentStore store,
    IInferenceClient inference,
    SegmentScheduler segments,
    ResultReuse reuse,
    ResultsWriter writer,
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
            if (job.ReusedJobId is not null
                && await reuse.TryCopyAsync(job, token, results, cancellationToken) is { } taken)
            {
                return taken with
                {
                    Manifest = await writer.WriteManifestAsync(job.JobId, token, taken, cancellationToken),
                };
            }

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
        var frames = FrameSelection.Of(job, probe, out var defect) ?? throw new InferenceFailedException(defect!);
        var segmentFrames = job.SegmentFrames > 0 ? job.SegmentFrames : options.Value.SegmentFrames;
        var planner = new SegmentPlanner(frames, probe.KeyFrames, job.MaxFrames, segmentFrames, loss.Value);
        job = job with { FrameStride = frames.Stride, Video = probe.Video };
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

        await using var ahead = new TrackAhead(
            new JobTracks(job, probe.Video, storage, keepsFrames: true),
            (segment, ending) => store.ReadAsync(job.JobId, segment, job.FrameStride, ending), logger,
            cancellationToken);
        AddFinished(plan);

        while (true)
        {
            await segments.RunAsync(job, token, missing, results, OnStored, cancellationToken);
            var extension = planner.Extend(plan, totals.Analyzed, totals.Lost);
            if (extension.Count == 0)
            {
                break;
            }

            missing = WithoutGaps(extension);
            plan = [.. plan, .. extension];
            AddFinished(extension);
            logger.LogInformation(
                "Job {JobId} lost {Lost} frames; frames up to {EndFrame} are planned to reach max_frames",
                job.JobId, totals.Lost, plan[^1].EndFrame);
            await store.StorePlanAsync(job.JobId, token, plan, cancellationToken);
        }

        return await writer.WriteAsync(
            new ResultsToWrite(job, token, results, plan, probe), ahead, cancellationToken);

        void AddFinished(IEnumerable<Segment> planned)
        {
            foreach (var segment in planned.Except(missing))
            {
                ahead.Add(segment);
            }
        }

        void OnStored(Segment segment, RunPipelineResponse response)
        {
            ahead.Add(segment);
            totals.Add(response);
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
        var request = new ProbeVideoRequest
        {
            Video = video.ToSource(job.VideoBytes),
            TimeRanges = { job.Choices.TimeRanges },
        };
        return await inference.ProbeAsync(request, cancellationToken);
    }

    private static (IReadOnlyList<Segment> Plan, IReadOnlyList<Segment> Missing) StartPlan(SegmentPlanner planner)
    {
        var plan = planner.Start();
        return (plan, WithoutGaps(plan));
    }

    private static List<Segment> WithoutGaps(IEnumerable<Segment> segments) =>
        [.. segments.Where(segment => !segment.IsGap)];

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

        var planned = WithoutGaps(plan).Count;
        if (missing.Count < planned)
        {
            logger.LogInformation(
                "Job {JobId} resumed: {Stored} of {Planned} segments ({Frames} frames) are stored",
                job.JobId, planned - missing.Count, planned, totals.Analyzed);
        }

        return (plan, missing);
    }

    /// <summary>Adds up the finished segments; returns the others.</summary>
    private async Task<List<Segment>> FindMissingAsync(
        JobRecord job, IReadOnlyList<Segment> planned, SegmentTotals totals, CancellationToken cancellationToken)
    {
        var missing = new List<Segment>();
        foreach (var segment in WithoutGaps(planned))
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
        var work = new PlannedWork(video, planner.FramesTotal, planner.SegmentFrames) { FrameStride = job.FrameStride };
        await tracker.ChangeOwnAsync(
            job.JobId,
            (shown, now) =>
            {
                var planned = JobTransitions.Plan(shown, token, work, resumed, now);
                return resumed.Devices.Count == 0 ? planned : JobTransitions.Advance(planned, token, resumed, now);
            },
            cancellationToken);
    }
}
