using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Jobs.Tracks;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Writes the documents and the manifest of a job whose segments are all stored. First the tracks are followed to the
/// end, because only then it is known which of them are published; then the segments are read again and written with
/// their tracks. One segment is in memory at a time.
/// </summary>
internal sealed class ResultsWriter(
    JobTracker tracker,
    IStorage storage,
    ISegmentStore store,
    SegmentScheduler segments,
    CrashPoints crashPoints,
    IOptions<FrameLossOptions> loss,
    ILogger<ResultsWriter> logger)
{
    /// <summary>
    /// Maximum number of tries: one that has to run a damaged segment again follows the tracks again, because the
    /// results can differ on another device.
    /// </summary>
    private const int MaxTries = 3;

    /// <summary>Writes the documents.</summary>
    /// <param name="job">What is written.</param>
    /// <param name="ahead">The tracks as far as they are followed.</param>
    /// <param name="cancellationToken">Cancels the writes and leaves nothing behind.</param>
    /// <exception cref="InferenceFailedException">The job lost too many frames, or a damaged segment
    /// failed.</exception>
    /// <exception cref="Hosting.Errors.ServiceException">TENANT_QUOTA_EXCEEDED or STORAGE_FULL.</exception>
    public async Task<JobResult> WriteAsync(ResultsToWrite job, TrackAhead ahead, CancellationToken cancellationToken)
    {
        using var step = JobTraces.StartStep(JobTraces.Results);
        for (var number = 1; number <= MaxTries; number++)
        {
            var followed = number == 1 ? await ahead.TakeAsync() : null;
            await using var tracks = followed ?? new JobTracks(job.Job, job.Probe.Video, storage, keepsFrames: true);
            await FollowAsync(job, tracks, cancellationToken);
            if (await TryWriteAsync(job, tracks, cancellationToken) is { } result)
            {
                return result;
            }

            logger.LogWarning(
                "Segments of job {JobId} changed while its results were written; following its tracks again",
                job.Job.JobId);
        }

        throw new InferenceFailedException(new JobFailure(
            ErrorReason.Internal,
            "The stored segments of the job were damaged again and again while its results were written. The operator "
            + "should check the disk of the server."));
    }

    /// <summary>Follows the tracks over the segments that are left.</summary>
    private async Task FollowAsync(ResultsToWrite job, JobTracks tracks, CancellationToken cancellationToken)
    {
        while (tracks.SegmentCount < job.Plan.Count && !tracks.IsDone)
        {
            var next = job.Plan[tracks.SegmentCount];
            var (segment, _) = await ReadOrRepeatAsync(job, next, cancellationToken);
            await tracks.AddAsync(next, segment, cancellationToken);
        }

        await tracks.FinishAsync(cancellationToken);
        crashPoints.Pass(CrashPoint.TracksFollowed);
    }

    /// <summary>Null if a segment is not the one whose tracks were followed.</summary>
    private async Task<JobResult?> TryWriteAsync(
        ResultsToWrite job, JobTracks tracks, CancellationToken cancellationToken)
    {
        var resultsKey = ArtifactKeys.Results(job.Job.JobId, storage.IsShared ? job.Token : null);
        await using var artifact = await storage.StageAsync(resultsKey, cancellationToken);
        await using var tracked = tracks.ReadFramesAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        var document = new ResultsDocumentWriter(artifact.Stream);
        var builder = new SummaryBuilder(job.Job.Choices.Zones, job.Job.Choices.Lines);
        var versions = new PipelineVersions();
        var totals = SegmentTotals.Of(job.Job, job.Probe);
        foreach (var segment in job.Plan)
        {
            var (response, isRepeated) = await ReadOrRepeatAsync(job, segment, cancellationToken);
            if (isRepeated && tracks.IsTracking)
            {
                return null;
            }

            builder.Add(response.Frames);
            totals.Add(response);
            versions.Add(response);
            foreach (var frame in response.Results)
            {
                if (tracks.IsTracking
                    && !(await tracked.MoveNextAsync() && tracks.TryAnnotate(frame, tracked.Current)))
                {
                    return null;
                }

                await document.WriteAsync(frame, cancellationToken);
                builder.Add(frame);
            }

            job.Results.TakeDocument(artifact.Stream.Length);
        }

        await using var tracksArtifact = tracks.IsTracking
            ? await storage.StageAsync(ArtifactKeys.Tracks(resultsKey), cancellationToken)
            : null;
        var tracksIndex = tracksArtifact is null
            ? null
            : await WriteTracksAsync(tracks, tracksArtifact.Stream, builder, cancellationToken);
        var summary = builder.Complete(
            job.Probe.Video.FrameCount, job.Plan[^1].EndFrame, loss.Value, out var failure);
        if (failure is not null)
        {
            throw new InferenceFailedException(failure);
        }

        await document.CompleteAsync(cancellationToken);
        var tracksBytes = tracksArtifact?.Stream.Length ?? 0;
        var stored = new StoredResults(resultsKey, artifact.Stream.Length + tracksBytes)
        {
            HasTracks = tracksArtifact is not null,
            PipelineVersion = versions.Common,
        };
        job.Results.TakeDocument(stored.Bytes);
        crashPoints.Pass(CrashPoint.ResultsWritten);
        if (tracksArtifact is not null)
        {
            await tracksIndex!.WriteAsync(storage, resultsKey, tracksBytes, cancellationToken);
            await tracksArtifact.CommitAsync(cancellationToken);
            crashPoints.Pass(CrashPoint.TracksStored);
        }

        await document.Index.WriteAsync(storage, resultsKey, artifact.Stream.Length, cancellationToken);
        await artifact.CommitAsync(cancellationToken);
        crashPoints.Pass(CrashPoint.ResultsStored);
        var result = new JobResult(stored, summary, totals.Current.Warnings, Manifest: null);
        return result with
        {
            Manifest = await WriteManifestAsync(job.Job.JobId, job.Token, result, cancellationToken),
        };
    }

    /// <summary>Writes the tracks document and adds the tracks to the summary.</summary>
    private static async Task<TracksIndex> WriteTracksAsync(
        JobTracks tracks, Stream stream, SummaryBuilder builder, CancellationToken cancellationToken)
    {
        var document = new TracksDocumentWriter(stream);
        await foreach (var track in tracks.ReadAsync<ObjectTrack>(TrackSection.Objects, 0, cancellationToken))
        {
            await document.WriteAsync(TrackSection.Objects, track, cancellationToken);
            builder.Add(track);
        }

        await foreach (var track in tracks.ReadAsync<TextTrack>(TrackSection.Texts, 0, cancellationToken))
        {
            await document.WriteAsync(TrackSection.Texts, track, cancellationToken);
            builder.AddTextTrack();
        }

        await foreach (var shot in tracks.ReadAsync<Shot>(TrackSection.Shots, 0, cancellationToken))
        {
            await document.WriteAsync(TrackSection.Shots, shot, cancellationToken);
            builder.AddShot();
        }

        await document.CompleteAsync(cancellationToken);
        return document.Index;
    }

    /// <summary>Stores the completed job beside its results, from which the database can be rebuilt.</summary>
    public async Task<JobRecord?> WriteManifestAsync(
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
    private async Task<(RunPipelineResponse Response, bool IsRepeated)> ReadOrRepeatAsync(
        ResultsToWrite job, Segment segment, CancellationToken cancellationToken)
    {
        var (jobId, stride) = (job.Job.JobId, job.Job.FrameStride);
        if (await store.ReadAsync(jobId, segment, stride, cancellationToken) is { } response)
        {
            return (response, false);
        }

        logger.LogWarning(
            "Segment {Start} to {End} of job {JobId} is damaged; running it again",
            segment.StartFrame, segment.EndFrame, jobId);
        RunPipelineResponse? repeated = null;
        await segments.RunAsync(
            job.Job, job.Token, [segment], job.Results, (_, done) => repeated = done, cancellationToken);
        return (repeated!, true);
    }
}

/// <summary>A job whose segments are all stored.</summary>
/// <param name="Job">The job.</param>
/// <param name="Token">The lease of the attempt.</param>
/// <param name="Results">Reserves the bytes of the documents.</param>
/// <param name="Plan">Its segments.</param>
/// <param name="Probe">Its video.</param>
internal sealed record ResultsToWrite(
    JobRecord Job, Guid Token, ResultReservation Results, IReadOnlyList<Segment> Plan, ProbeVideoResponse Probe);
