using System.Security.Cryptography;
using ForegSyte.Client.Calls;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Uploads;

/// <summary>
/// Uploads one video and submits it as a job. Steps: create or resume the upload, send the missing parts, submit,
/// compare the hashes.
/// </summary>
/// <param name="service">The upload service.</param>
/// <param name="calls">Makes the calls, with the options of the method call.</param>
/// <param name="submit">Calls SubmitVideo with an upload_id.</param>
/// <param name="cancel">Calls CancelJob with a job_id.</param>
/// <param name="video">Video to upload.</param>
/// <param name="checkpoint">Checkpoint of the upload.</param>
/// <param name="progress">Receives the progress.</param>
/// <param name="options">Options of the client.</param>
internal sealed class VideoUpload(
    UploadService.UploadServiceClient service,
    CallRunner calls,
    Func<string, CancellationToken, Task<Job>> submit,
    Func<string, CancellationToken, Task<Job>> cancel,
    UploadSource video,
    UploadCheckpointFile checkpoint,
    UploadProgressTracker progress,
    ForegSyteClientOptions options)
{
    private static readonly TimeSpan AbortDeadline = TimeSpan.FromSeconds(5);

    /// <summary>Uploads the video.</summary>
    /// <returns>The job that the server stored.</returns>
    /// <exception cref="ForegSyteException">The server returned an error, or was unavailable for too long.</exception>
    /// <exception cref="IOException">The video cannot be read, or changed during the upload.</exception>
    public async Task<Job> RunAsync(CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (upload, job) = await CreateOrResumeAsync(cancellationToken);
        try
        {
            await SendMissingPartsAsync(upload, hash, cancellationToken);
            job ??= await CompleteAsync(upload, cancellationToken);
        }
        catch (ForegSyteException failure) when (failure.Reason == ErrorReason.UploadNotFound)
        {
            Abandon();
            throw;
        }
        catch (Exception failure) when (IsPermanent(failure) || !checkpoint.IsKept)
        {
            Abandon();
            await AbortAsync(upload.UploadId);
            throw;
        }

        checkpoint.Remove();
        await RequireSameHashAsync(job, Convert.ToHexStringLower(hash.GetHashAndReset()), cancellationToken);
        return job;
    }

    /// <summary>
    /// Step 1: resumes the upload of the checkpoint if the file is the same, otherwise creates one. Returns a job too
    /// if an earlier process submitted the upload and ended before it received the job.
    /// </summary>
    private async Task<(Upload Upload, Job? Job)> CreateOrResumeAsync(CancellationToken cancellationToken)
    {
        var current = await video.NewCheckpointAsync(options.Address, cancellationToken);
        if (checkpoint.Latest is { } earlier)
        {
            if (earlier.IsOfSameFile(current))
            {
                current = earlier;
            }
            else if (earlier.UploadId.Length > 0)
            {
                await AbortAsync(earlier.UploadId);
            }
        }

        if (current.UploadId.Length > 0)
        {
            if (await FindUploadAsync(current.UploadId, cancellationToken) is { } found)
            {
                return (found, null);
            }

            if (await FindJobAsync(current.UploadId, cancellationToken) is { } job)
            {
                return (CompleteUpload(current.UploadId), job);
            }

            current = current with { RequestId = Guid.NewGuid().ToString(), UploadId = "" };
        }

        checkpoint.Write(current);
        var created = await CreateAsync(current.RequestId, cancellationToken);
        checkpoint.Write(current with { UploadId = created.UploadId });
        return (created, null);
    }

    private async Task<Upload> CreateAsync(string requestId, CancellationToken cancellationToken)
    {
        var request = new CreateUploadRequest { SizeBytes = video.SizeBytes, RequestId = requestId };
        var response = await calls.RunAsync(
            options.ControlDeadline, call => service.CreateUploadAsync(request, call), cancellationToken);
        return response.Upload;
    }

    private async Task<Upload?> FindUploadAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(uploadId, cancellationToken);
        }
        catch (ForegSyteException failure) when (failure.Reason == ErrorReason.UploadNotFound)
        {
            return null;
        }
    }

    private async Task<Upload> GetAsync(string uploadId, CancellationToken cancellationToken)
    {
        var request = new GetUploadRequest { UploadId = uploadId };
        var response = await calls.RunAsync(
            options.ReadDeadline, call => service.GetUploadAsync(request, call), cancellationToken);
        return response.Upload;
    }

    private async Task<Job?> FindJobAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            return await submit(uploadId, cancellationToken);
        }
        catch (ForegSyteException failure) when (failure.Reason == ErrorReason.UploadNotFound)
        {
            return null;
        }
    }

    private Upload CompleteUpload(string uploadId) => new()
    {
        UploadId = uploadId,
        SizeBytes = video.SizeBytes,
        Ranges = { new ByteRange { Start = 0, End = video.SizeBytes } },
    };

    /// <summary>Step 2: reads and hashes the video, and sends the missing parts in parallel.</summary>
    /// <param name="upload">The upload with the ranges that the server has.</param>
    /// <param name="hash">Receives every byte; null reads only the missing parts.</param>
    /// <param name="cancellationToken">Cancels the upload.</param>
    private async Task SendMissingPartsAsync(
        Upload upload, IncrementalHash? hash, CancellationToken cancellationToken)
    {
        var partBytes = upload.MaxPartBytes > 0
            ? Math.Min(options.Uploads.PartBytes, upload.MaxPartBytes)
            : options.Uploads.PartBytes;
        var plan = PartPlan.Of(video.SizeBytes, partBytes, upload.Ranges);
        progress.Begin(
            plan.Where(part => part.IsUploaded).Sum(part => (long)part.Length),
            checkpoint.IsKept,
            isChecking: hash is not null);
        var sender = new PartSender(upload.UploadId, service, calls, progress, options);
        // Each worker takes one part and sends it, so there are at most Parallelism buffers.
        await Parallel.ForEachAsync(
            new PartReader(video, progress).ReadAsync(plan, hash, cancellationToken),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = options.Uploads.Parallelism,
                CancellationToken = cancellationToken,
            },
            sender.SendAsync);
        if (video.HasChanged)
        {
            throw new VideoChangedException(video.Name);
        }
    }

    /// <summary>
    /// Step 3: submits the upload. If the server lost bytes, as in a crash of its machine, sends them again first.
    /// </summary>
    private async Task<Job> CompleteAsync(Upload upload, CancellationToken cancellationToken)
    {
        for (var attempts = 1; ; attempts++)
        {
            progress.Complete();
            try
            {
                return await submit(upload.UploadId, cancellationToken);
            }
            catch (ForegSyteException failure)
                when (failure.Reason == ErrorReason.UploadIncomplete && attempts < options.MaxAttempts)
            {
                upload = await GetAsync(upload.UploadId, cancellationToken);
                await SendMissingPartsAsync(upload, hash: null, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Step 4: compares the hash of the job's video with that of the sent one; cancels the job if they differ.
    /// </summary>
    private async Task RequireSameHashAsync(Job job, string sha256, CancellationToken cancellationToken)
    {
        if (job.VideoSha256.Length == 0 || job.VideoSha256 == sha256)
        {
            return;
        }

        progress.Abandon();
        await cancel(job.JobId, cancellationToken);
        throw new ForegSyteException(
            StatusCode.DataLoss,
            $"The video of job {job.JobId} differs from the sent one: {video.Name} (SHA-256 {job.VideoSha256} instead "
            + $"of {sha256}). The job was cancelled. Submit the video again.")
        {
            Reason = ErrorReason.UploadContentMismatch,
            ReasonText = "UPLOAD_CONTENT_MISMATCH",
        };
    }

    /// <summary>Whether the uploaded bytes can never become a job.</summary>
    private static bool IsPermanent(Exception failure) => failure is VideoChangedException
        or ForegSyteException
    {
        Reason: ErrorReason.EmptyVideo or ErrorReason.NotAnMp4 or ErrorReason.TruncatedMp4
                or ErrorReason.NoVideoTrack or ErrorReason.NoFrames or ErrorReason.EncryptedVideo
                or ErrorReason.VideoLimitExceeded or ErrorReason.UploadContentMismatch,
    };

    private void Abandon()
    {
        checkpoint.Remove();
        progress.Abandon();
    }

    /// <summary>
    /// Removes an upload that cannot be used, to free its space before it expires. A failure is ignored: the error that
    /// led here says more. Also after a cancellation, so it is short.
    /// </summary>
    private async Task AbortAsync(string uploadId)
    {
        var request = new AbortUploadRequest { UploadId = uploadId };
        try
        {
            var deadline = options.TimeProvider.GetUtcNow() + AbortDeadline;
            await calls.OnceAsync(
                deadline, call => service.AbortUploadAsync(request, call), CancellationToken.None);
        }
        catch (ForegSyteException)
        {
            // The server removes the upload when it expires.
        }
    }
}
