using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission.Sources;
using ForegSyte.Jobs.Tracing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>
/// The way from a submission to a durable job: check the video, store it, commit the job, whose commit puts it in the
/// queue. A submission that is refused leaves nothing behind; a job that is acknowledged survives any crash.
/// </summary>
internal sealed class VideoSubmitter(
    JobTracker board,
    IJobStore store,
    IStorage storage,
    PendingJobQuota places,
    CrashPoints crashPoints,
    VideoSources sources,
    TimeProvider time)
{
    /// <summary>Stores a video and makes a job of it, or returns the job that the same request made before.</summary>
    /// <exception cref="ServiceException">The video or the request id is refused, or the disk or the queue is full.
    /// </exception>
    public async Task<JobRecord> AcceptAsync(VideoSubmission submission, CancellationToken cancellationToken)
    {
        await using var source = await sources.OpenAsync(submission.Video, cancellationToken);
        var fingerprint = await FingerprintOfAsync(submission, source, cancellationToken);
        if (submission.RequestId is { } requestId
            && await store.FindByRequestIdAsync(StoredRequestId(submission)!.Value, cancellationToken) is { } earlier)
        {
            return SameOrConflict(earlier, requestId, fingerprint, source);
        }

        await source.CheckAsync(cancellationToken);
        var job = NewJob(submission, fingerprint);
        using var place = places.Take(job);
        JobTraces.Mark(job.JobId);
        using (JobTraces.StartStep(JobTraces.StoreVideo))
        await using (var video = await source.StageAsync(job.InputPath, cancellationToken))
        {
            // It may have taken long to come: the job is there, and waits, from now on.
            var now = time.GetUtcNow();
            job = job with { VideoSha256 = video.Sha256, CreatedAt = now, UpdatedAt = now, QueuedAt = now };
            crashPoints.Pass(CrashPoint.VideoWritten);
            await video.Artifact.CommitSharedAsync(video.Sha256, cancellationToken);
        }

        crashPoints.Pass(CrashPoint.VideoStored);
        var (stored, created) = await InsertAsync(job, cancellationToken);
        if (!created)
        {
            storage.DeleteShared(job.InputPath, job.VideoSha256);
            return SameOrConflict(stored, submission.RequestId!.Value, fingerprint, source);
        }

        crashPoints.Pass(CrashPoint.JobQueued);
        source.Remove();
        return stored;
    }

    private async Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken)
    {
        using var step = JobTraces.StartStep(JobTraces.Commit);
        try
        {
            return await board.AddAsync(job, cancellationToken);
        }
        catch
        {
            // The caller is told that there is no job. Should the row have been committed all the same, as when only
            // the answer was lost, its video has to stay.
            if (await store.FindAsync(job.JobId, CancellationToken.None) is null)
            {
                storage.DeleteShared(job.InputPath, job.VideoSha256);
            }

            throw;
        }
    }

    private JobRecord NewJob(VideoSubmission submission, RequestFingerprint? fingerprint)
    {
        var jobId = Guid.NewGuid();
        var now = time.GetUtcNow();
        return new JobRecord
        {
            JobId = jobId,
            Status = JobStatus.Pending,
            PipelineId = submission.PipelineId,
            FrameStride = submission.FrameStride,
            MaxFrames = submission.MaxFrames,
            DisplayName = submission.DisplayName,
            Priority = submission.Priority,
            Tenant = submission.Tenant,
            RequestId = StoredRequestId(submission),
            Fingerprint = fingerprint,
            InputPath = ArtifactKeys.Video(jobId),
            TraceParent = JobTraces.CurrentContext(),
            CreatedAt = now,
            UpdatedAt = now,
            QueuedAt = now,
        };
    }

    private static Guid? StoredRequestId(VideoSubmission submission) => submission.RequestId is { } requestId
        ? TenantRequestId.Of(submission.Tenant, requestId)
        : null;

    private static async ValueTask<RequestFingerprint?> FingerprintOfAsync(
        VideoSubmission submission, IVideoSource source, CancellationToken cancellationToken) =>
        submission.RequestId is null
            ? null
            : new RequestFingerprint(
                await source.IdentifyAsync(cancellationToken),
                submission.PipelineId,
                submission.FrameStride,
                submission.MaxFrames,
                submission.DisplayName,
                submission.Priority,
                (submission.Video as VideoReference.Upload)?.UploadId);

    private static JobRecord SameOrConflict(
        JobRecord earlier, Guid requestId, RequestFingerprint? fingerprint, IVideoSource source)
    {
        var differences = fingerprint!.DifferencesFrom(earlier.Fingerprint!);
        if (differences.Count == 0)
        {
            // Where the first call was cut off, its upload may still be there.
            source.Remove();
            return earlier;
        }

        throw new ServiceException(
            ErrorReason.RequestIdConflict,
            $"The request_id {requestId} was used before with another {string.Join(", ", differences)}. "
            + "Use a new request_id for a new request.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["requestId"] = requestId.ToString(),
                ["fields"] = string.Join(",", differences),
                ["jobId"] = earlier.JobId.ToString(),
            },
        };
    }
}
