using System.Diagnostics;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Jobs.Uploads;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Submission;

/// <summary>A SubmitVideo request with valid fields.</summary>
/// <param name="Video">Where the video is.</param>
/// <param name="PipelineId">A pipeline of this server.</param>
/// <param name="FrameStride">1 or more.</param>
/// <param name="MaxFrames">0 for no limit.</param>
/// <param name="DisplayName">May be empty.</param>
/// <param name="Tags">The tags.</param>
/// <param name="Priority">0 to 9.</param>
/// <param name="RequestId">The caller's idempotency key; null if the request has none.</param>
/// <param name="Tenant">The tenant that will own the job; empty without tenants.</param>
/// <param name="Webhook">Where news about the job goes; null for nowhere.</param>
internal sealed record VideoSubmission(
    VideoReference Video,
    string PipelineId,
    int FrameStride,
    int MaxFrames,
    string DisplayName,
    JobTags Tags,
    int Priority,
    Guid? RequestId,
    string Tenant = "",
    JobWebhook? Webhook = null)
{
    /// <summary>The options beside FrameStride and MaxFrames.</summary>
    public JobOptions Choices { get; init; } = JobChoices.None;

    /// <summary>Whether the job takes over the results of an equal one, if there is any.</summary>
    public bool ReuseResults { get; init; }

    /// <summary>Pipeline.version of the pipeline; empty if it is unknown, and then nothing is reused.</summary>
    public string PipelineVersion { get; init; } = "";

    /// <summary>The idempotency key as the store keeps it, unique per tenant.</summary>
    public Guid? StoredRequestId => RequestId is { } requestId ? TenantRequestId.Of(Tenant, requestId) : null;
}

/// <summary>Where a submission says that its video is: one case for each field of the oneof.</summary>
internal abstract record VideoReference
{
    private VideoReference()
    {
    }

    /// <summary>The request contains the video.</summary>
    public sealed record Inline(ByteString Content) : VideoReference;

    /// <summary>The server must read or fetch the video.</summary>
    public sealed record Remote(string Uri) : VideoReference;

    /// <summary>The caller uploaded the video in parts.</summary>
    /// <param name="UploadId">The upload.</param>
    /// <param name="VisibleTenant">The only tenant whose uploads the caller can see; null for all tenants.</param>
    public sealed record Upload(Guid UploadId, string? VisibleTenant) : VideoReference;

    /// <summary>The video of another job.</summary>
    /// <param name="JobId">The job.</param>
    /// <param name="VisibleTenant">The only tenant whose jobs the caller can see; null for all tenants.</param>
    public sealed record StoredJob(Guid JobId, string? VisibleTenant) : VideoReference;
}

/// <summary>
/// Turns a submission into a durable job: checks the video, stores it, inserts the row. The commit of the row puts the
/// job into the queue. A refused submission leaves nothing behind; an acknowledged job survives any crash.
/// </summary>
internal sealed class VideoSubmitter(
    IJobStore store,
    IStorage storage,
    PendingJobQuota quota,
    TenantSpace space,
    CrashPoints crashPoints,
    AllowedRoots roots,
    UploadStore uploads,
    VideoFetcher fetcher,
    VideoChecks checks,
    ILogger<VideoSubmitter> logger)
{
    /// <summary>Creates a job, or returns the job that an earlier request with the same request_id created.</summary>
    /// <exception cref="ServiceException">The video or the request_id is refused, or a limit is reached.</exception>
    public async Task<JobRecord> SubmitAsync(VideoSubmission submission, CancellationToken cancellationToken)
    {
        await using var source = await OpenAsync(submission, cancellationToken);
        var fingerprint = await FingerprintOfAsync(submission, source, cancellationToken);
        if (submission.StoredRequestId is { } requestId
            && await store.FindByRequestIdAsync(requestId, cancellationToken) is { } earlier)
        {
            return SameOrConflict(earlier, submission, fingerprint, source);
        }

        await source.CheckAsync(cancellationToken);
        var jobId = Guid.NewGuid();
        using var reservation = quota.Reserve(jobId, submission.Tenant, isNew: true);
        using var taken = space.ReserveVideo(jobId, submission.Tenant);
        JobTraces.Mark(jobId);
        var (key, sha256, bytes) = await StoreAsync(source, taken, cancellationToken);
        crashPoints.Pass(CrashPoint.VideoStored);

        // Storing may take long, for example with a download. The job exists, and waits, from now on.
        var job = NewJob(jobId, submission, fingerprint, sha256) with
        {
            InputPath = key,
            VideoBytes = bytes,
            Warnings = new JobWarnings(source.Warnings),
        };
        var (stored, created) = await InsertAsync(job, submission, cancellationToken);
        if (!created)
        {
            // Another request with the same request_id inserted its job in the meantime.
            await DeleteVideoAsync(jobId, submission.Tenant, sha256);
            return SameOrConflict(stored, submission, fingerprint, source);
        }

        crashPoints.Pass(CrashPoint.JobQueued);
        source.Remove();
        return stored;
    }

    /// <summary>
    /// Checks a submission as far as that needs no storing or downloading, and changes nothing. Returns the job as it
    /// would be, with an empty id.
    /// </summary>
    /// <exception cref="ServiceException">As <see cref="SubmitAsync"/>.</exception>
    public async Task<JobRecord> ValidateAsync(VideoSubmission submission, CancellationToken cancellationToken)
    {
        await using var source = await OpenAsync(submission, cancellationToken);
        var fingerprint = await FingerprintOfAsync(submission, source, cancellationToken);
        if (submission.StoredRequestId is { } requestId
            && await store.FindByRequestIdAsync(requestId, cancellationToken) is { } earlier)
        {
            RequireSame(earlier, submission, fingerprint);
        }
        else
        {
            await source.CheckAsync(cancellationToken);
            quota.RequireSlot(submission.Tenant);
            space.RequireVideo(submission.Tenant, source.NewBytes);
        }

        return NewJob(Guid.Empty, submission, fingerprint, videoSha256: null) with
        {
            Warnings = new JobWarnings(source.Warnings),
        };
    }

    /// <summary>
    /// The job, with the completed one whose results it takes over if the submission allows that and one is equal.
    /// </summary>
    private async Task<JobRecord> WithReuseAsync(
        JobRecord job, VideoSubmission submission, CancellationToken cancellationToken) =>
        submission is { ReuseResults: true, PipelineVersion.Length: > 0 }
            ? job with
            {
                ReusedJobId = await store.FindReusableAsync(job, submission.PipelineVersion, cancellationToken),
            }
            : job;

    /// <summary>Opens the source without reading the video.</summary>
    private async ValueTask<IVideoSource> OpenAsync(VideoSubmission submission, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return submission.Video switch
        {
            VideoReference.Inline inline => new InlineSource(inline.Content, storage, checks),
            VideoReference.Remote remote when remote.Uri.StartsWith("file:", StringComparison.OrdinalIgnoreCase) =>
                new FileSource(remote.Uri, roots.Open(remote.Uri), storage, checks),
            VideoReference.Remote remote => new RemoteSource(
                remote.Uri, fetcher.Locate(remote.Uri), submission.Tenant, fetcher, storage, checks),
            VideoReference.Upload upload => new UploadSource(
                upload.UploadId,
                await uploads.TryBeginCompletionAsync(upload.UploadId, upload.VisibleTenant, cancellationToken),
                storage,
                checks),
            VideoReference.StoredJob stored => new JobSource(
                stored.JobId,
                await store.FindAsync(stored.JobId, cancellationToken) is { } job
                    && (stored.VisibleTenant is null || stored.VisibleTenant == job.Tenant)
                        ? job
                        : null,
                storage),
            _ => throw new UnreachableException(),
        };
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
                (submission.Video as VideoReference.Upload)?.UploadId,
                submission.Tags.ToJson(),
                JobChoices.ToJson(submission.Choices),
                submission.ReuseResults,
                submission.Webhook?.ToHash());

    /// <summary>Stores the video durably; returns its key, its SHA-256 and its size.</summary>
    private async Task<(string Key, string Sha256, long Bytes)> StoreAsync(
        IVideoSource source, VideoReservation taken, CancellationToken cancellationToken)
    {
        using var step = JobTraces.StartStep(JobTraces.StoreVideo);
        await using var video = await source.StageAsync(
            ArtifactKeys.Video(taken.JobId), taken, cancellationToken);
        crashPoints.Pass(CrashPoint.VideoWritten);
        var bytes = video.Artifact.Stream.Length;
        try
        {
            var key = await video.Artifact.CommitSharedAsync(
                ArtifactKeys.SharedVideo(taken.Tenant, video.Sha256), cancellationToken);
            return (key, video.Sha256, bytes);
        }
        catch
        {
            // It can have its name already, for example if the sync of the folder failed.
            await DeleteVideoAsync(taken.JobId, taken.Tenant, video.Sha256);
            throw;
        }
    }

    private async Task DeleteVideoAsync(Guid jobId, string tenant, string sha256) =>
        await storage.DeleteSharedAsync(
            ArtifactKeys.Video(jobId), ArtifactKeys.SharedVideo(tenant, sha256), CancellationToken.None);

    private JobRecord NewJob(
        Guid jobId, VideoSubmission submission, RequestFingerprint? fingerprint, string? videoSha256)
    {
        var now = store.Now;
        return new JobRecord
        {
            JobId = jobId,
            Status = JobStatus.Pending,
            PipelineId = submission.PipelineId,
            FrameStride = submission.FrameStride,
            MaxFrames = submission.MaxFrames,
            Choices = submission.Choices,
            DisplayName = submission.DisplayName,
            Tags = submission.Tags,
            Priority = submission.Priority,
            Tenant = submission.Tenant,
            RequestId = submission.StoredRequestId,
            Fingerprint = fingerprint,
            InputPath = ArtifactKeys.Video(jobId),
            VideoSha256 = videoSha256,
            TraceParent = JobTraces.CurrentContext(),
            Webhook = submission.Webhook,
            CreatedAt = now,
            UpdatedAt = now,
            QueuedAt = now,
        };
    }

    private async Task<(JobRecord Job, bool Created)> InsertAsync(
        JobRecord job, VideoSubmission submission, CancellationToken cancellationToken)
    {
        using var step = JobTraces.StartStep(JobTraces.Commit);
        try
        {
            return await store.InsertAsync(
                await WithReuseAsync(job, submission, cancellationToken), cancellationToken);
        }
        catch (Exception failure) when (failure is not ServiceException { Reason: ErrorReason.StoreUnavailable })
        {
            // The call fails, but the row may be committed, for example if only the answer was lost. Its video must
            // then stay. A database that did not answer can still commit the row; if not, the sweep deletes the video.
            if (await IsUndoneAsync(job.JobId))
            {
                await DeleteVideoAsync(job.JobId, job.Tenant, job.VideoSha256!);
            }

            throw;
        }
    }

    /// <summary>Whether a failed insert surely made no row.</summary>
    private async ValueTask<bool> IsUndoneAsync(Guid jobId)
    {
        try
        {
            return await store.FindAsync(jobId, CancellationToken.None) is null;
        }
        catch (Exception unknown)
        {
            logger.LogWarning(unknown, "Job {JobId} not stored, or not found; keeping its video for the sweep", jobId);
            return false;
        }
    }

    private static JobRecord SameOrConflict(
        JobRecord earlier, VideoSubmission submission, RequestFingerprint? fingerprint, IVideoSource source)
    {
        RequireSame(earlier, submission, fingerprint);

        // If the first call was cut off, its upload may still exist.
        source.Remove();
        return earlier;
    }

    private static void RequireSame(JobRecord earlier, VideoSubmission submission, RequestFingerprint? fingerprint)
    {
        var differences = fingerprint!.DifferencesFrom(earlier.Fingerprint!);
        if (differences.Count == 0)
        {
            return;
        }

        throw new ServiceException(
            ErrorReason.RequestIdConflict,
            $"The request_id {submission.RequestId} was used before with other values of: "
            + $"{string.Join(", ", differences)}. "
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
