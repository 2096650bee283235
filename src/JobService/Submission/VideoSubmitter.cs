using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tracing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>A SubmitVideo request with valid fields.</summary>
/// <param name="Video">Where the video is.</param>
/// <param name="PipelineId">A pipeline of this server.</param>
/// <param name="FrameStride">1 or more.</param>
/// <param name="MaxFrames">0 for no limit.</param>
/// <param name="DisplayName">May be empty.</param>
/// <param name="Priority">0 to 9.</param>
/// <param name="RequestId">The caller's idempotency key; null if the request has none.</param>
/// <param name="Tenant">The tenant that will own the job; empty without tenants.</param>
internal sealed record VideoSubmission(
    VideoReference Video,
    string PipelineId,
    int FrameStride,
    int MaxFrames,
    string DisplayName,
    int Priority,
    Guid? RequestId,
    string Tenant = "")
{
    /// <summary>The idempotency key as the store keeps it, unique per tenant.</summary>
    public Guid? StoredRequestId => RequestId is { } requestId ? TenantRequestId.Of(Tenant, requestId) : null;
}

/// <summary>
/// Turns a submission into a durable job: checks the video, stores it, inserts the row. The commit of the row puts the
/// job into the queue. A refused submission leaves nothing behind; an acknowledged job survives any crash.
/// </summary>
internal sealed class VideoSubmitter(
    IJobStore store,
    IStorage storage,
    PendingJobQuota quota,
    CrashPoints crashPoints,
    VideoSources sources,
    TimeProvider time)
{
    /// <summary>Creates a job, or returns the job that an earlier request with the same request_id created.</summary>
    /// <exception cref="ServiceException">The video or the request_id is refused, or a limit is reached.</exception>
    public async Task<JobRecord> SubmitAsync(VideoSubmission submission, CancellationToken cancellationToken)
    {
        await using var source = await sources.OpenAsync(submission.Video, cancellationToken);
        var fingerprint = await FingerprintOfAsync(submission, source, cancellationToken);
        if (submission.StoredRequestId is { } requestId
            && await store.FindByRequestIdAsync(requestId, cancellationToken) is { } earlier)
        {
            return SameOrConflict(earlier, submission, fingerprint, source);
        }

        await source.CheckAsync(cancellationToken);
        var job = NewJob(submission, fingerprint);
        using var reservation = quota.Reserve(job);
        JobTraces.Mark(job.JobId);
        using (JobTraces.StartStep(JobTraces.StoreVideo))
        await using (var video = await source.StageAsync(job.InputPath, cancellationToken))
        {
            // Staging may take long, for example a download. The job exists, and waits, from now on.
            var now = time.GetUtcNow();
            job = job with { VideoSha256 = video.Sha256, CreatedAt = now, UpdatedAt = now, QueuedAt = now };
            crashPoints.Pass(CrashPoint.VideoWritten);
            await video.Artifact.CommitSharedAsync(video.Sha256, cancellationToken);
        }

        crashPoints.Pass(CrashPoint.VideoStored);
        var (stored, created) = await InsertAsync(job, cancellationToken);
        if (!created)
        {
            // Another request with the same request_id inserted its job in the meantime.
            storage.DeleteShared(job.InputPath, job.VideoSha256);
            return SameOrConflict(stored, submission, fingerprint, source);
        }

        crashPoints.Pass(CrashPoint.JobQueued);
        source.Remove();
        return stored;
    }

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
            RequestId = submission.StoredRequestId,
            Fingerprint = fingerprint,
            InputPath = ArtifactKeys.Video(jobId),
            TraceParent = JobTraces.CurrentContext(),
            CreatedAt = now,
            UpdatedAt = now,
            QueuedAt = now,
        };
    }

    private async Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken)
    {
        using var step = JobTraces.StartStep(JobTraces.Commit);
        try
        {
            return await store.InsertAsync(job, cancellationToken);
        }
        catch
        {
            // The call fails, but the row may be committed, for example if only the answer was lost. Its video must
            // then stay.
            if (await store.FindAsync(job.JobId, CancellationToken.None) is null)
            {
                storage.DeleteShared(job.InputPath, job.VideoSha256);
            }

            throw;
        }
    }

    private static JobRecord SameOrConflict(
        JobRecord earlier, VideoSubmission submission, RequestFingerprint? fingerprint, IVideoSource source)
    {
        var differences = fingerprint!.DifferencesFrom(earlier.Fingerprint!);
        if (differences.Count == 0)
        {
            // If the first call was cut off, its upload may still exist.
            source.Remove();
            return earlier;
        }

        throw new ServiceException(
            ErrorReason.RequestIdConflict,
            $"The request_id {submission.RequestId} was used before with another {string.Join(", ", differences)}. "
            + "Use a new request_id for a new request.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["requestId"] = submission.RequestId.ToString()!,
                ["fields"] = string.Join(",", differences),
                ["jobId"] = earlier.JobId.ToString(),
            },
        };
    }
}
