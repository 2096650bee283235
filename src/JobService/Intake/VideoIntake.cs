using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Mp4;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Intake;

/// <summary>
/// The way from a submission to a durable job: check the video, store it, commit the job, whose commit puts it in the
/// queue. A submission that is refused leaves nothing behind; a job that is acknowledged survives any crash.
/// </summary>
internal sealed class VideoIntake(
    JobBoard board,
    IJobStore store,
    IStorage storage,
    QueuePlaces places,
    CrashPoints crashPoints,
    AllowedRoots roots,
    IOptions<SubmitOptions> options,
    TimeProvider time)
{
    private const int CopyBufferBytes = 1 << 20;

    /// <summary>Stores a video and makes a job of it, or returns the job that the same request made before.</summary>
    /// <exception cref="ServiceException">The video or the request id is refused, or the disk or the queue is full.
    /// </exception>
    public async Task<JobRecord> AcceptAsync(Submission submission, CancellationToken cancellationToken)
    {
        await using var source = Open(submission);
        var fingerprint = FingerprintOf(submission);
        if (submission.RequestId is { } requestId
            && await store.FindByRequestIdAsync(StoredRequestId(submission)!.Value, cancellationToken) is { } earlier)
        {
            return SameOrConflict(earlier, requestId, fingerprint);
        }

        Check(source, submission);
        var job = NewJob(submission, fingerprint);
        using var place = places.Take(job);
        await StoreVideoAsync(source, job.InputPath, cancellationToken);
        crashPoints.Pass(CrashPoint.VideoStored);
        var (stored, created) = await InsertAsync(job, cancellationToken);
        if (!created)
        {
            storage.Delete(job.InputPath);
            return SameOrConflict(stored, submission.RequestId!.Value, fingerprint);
        }

        crashPoints.Pass(CrashPoint.JobQueued);
        return stored;
    }

    private Stream Open(Submission submission) =>
        submission.Uri is { } uri ? roots.Open(uri) : StreamOver(submission.Content!);

    /// <summary>The bytes as they lie in the message, not copied.</summary>
    private static MemoryStream StreamOver(ByteString content) =>
        MemoryMarshal.TryGetArray(content.Memory, out var bytes)
            ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
            : new MemoryStream(content.ToByteArray(), writable: false);

    private void Check(Stream source, Submission submission)
    {
        var field = submission.Uri is null ? "content" : "uri";
        if (submission.Uri is null && source.Length > options.Value.MaxInlineBytes)
        {
            throw TooLarge(
                ErrorReason.MessageTooLarge, "content", source.Length, options.Value.MaxInlineBytes,
                "Submit:MaxInlineBytes", InlineLimit.OtherWay);
        }

        if (source.Length > options.Value.MaxVideoBytes)
        {
            throw TooLarge(
                ErrorReason.VideoLimitExceeded, field, source.Length, options.Value.MaxVideoBytes,
                "Submit:MaxVideoBytes", "Cut the video into parts.");
        }

        var verdict = Mp4Check.Inspect(source);
        if (verdict.Problem is { } problem)
        {
            throw ServiceException.ForField(problem, field, verdict.Message);
        }

        source.Position = 0;
    }

    private async Task StoreVideoAsync(Stream source, string key, CancellationToken cancellationToken)
    {
        storage.RequireRoom(source.Length);
        await using var artifact = storage.Stage(key);
        await source.CopyToAsync(artifact.Stream, CopyBufferBytes, cancellationToken);
        if (artifact.Stream.Length != source.Length)
        {
            throw ServiceException.ForField(
                ErrorReason.TruncatedMp4, "uri",
                "The file changed while it was copied. Submit it when it is complete.");
        }

        crashPoints.Pass(CrashPoint.VideoWritten);
        await artifact.CommitAsync(cancellationToken);
    }

    private async Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken)
    {
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
                storage.Delete(job.InputPath);
            }

            throw;
        }
    }

    private JobRecord NewJob(Submission submission, RequestFingerprint? fingerprint)
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
            CreatedAt = now,
            UpdatedAt = now,
            QueuedAt = now,
        };
    }

    private static Guid? StoredRequestId(Submission submission) => submission.RequestId is { } requestId
        ? TenantRequestId.Of(submission.Tenant, requestId)
        : null;

    private static RequestFingerprint? FingerprintOf(Submission submission) => submission.RequestId is null
        ? null
        : new RequestFingerprint(
            submission.Uri ?? "sha256:" + Convert.ToHexStringLower(SHA256.HashData(submission.Content!.Span)),
            submission.PipelineId,
            submission.FrameStride,
            submission.MaxFrames,
            submission.DisplayName,
            submission.Priority);

    private static JobRecord SameOrConflict(JobRecord earlier, Guid requestId, RequestFingerprint? fingerprint)
    {
        var differences = fingerprint!.DifferencesFrom(earlier.Fingerprint!);
        return differences.Count == 0
            ? earlier
            : throw new ServiceException(
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

    private static ServiceException TooLarge(
        ErrorReason reason, string field, long actual, long limit, string option, string whatToDo) =>
        new(reason, $"The video has {actual} bytes; {field} takes at most {limit} ({option}). {whatToDo}")
        {
            FieldViolations = [new FieldViolation(field, $"At most {limit} bytes.")],
            Metadata = new Dictionary<string, string>
            {
                ["limit"] = option,
                ["limitBytes"] = limit.ToString(CultureInfo.InvariantCulture),
                ["actualBytes"] = actual.ToString(CultureInfo.InvariantCulture),
            },
        };
}
