using System.Security.Cryptography;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Uploads;

/// <summary>
/// Takes one file to the server and makes a job of it: begins an upload or goes on with an earlier one, sends what is
/// missing, submits, and compares the hashes.
/// </summary>
/// <param name="uploads">The calls around the parts.</param>
/// <param name="submit">SubmitVideo with (upload_id).</param>
/// <param name="cancel">CancelJob with (job_id).</param>
/// <param name="file">The file.</param>
/// <param name="state">The note of it.</param>
/// <param name="tally">Takes the progress.</param>
/// <param name="options">Limits.</param>
internal sealed class FileUpload(
    UploadCalls uploads,
    Func<string, CancellationToken, Task<Job>> submit,
    Func<string, CancellationToken, Task<Job>> cancel,
    VideoFile file,
    UploadState state,
    UploadTally tally,
    ForegSyteClientOptions options)
{
    /// <summary>Does all of it.</summary>
    /// <returns>The job, as the server stored it.</returns>
    /// <exception cref="ForegSyteException">The server refused, or was away too long.</exception>
    /// <exception cref="IOException">The file cannot be read, or was changed meanwhile.</exception>
    public async Task<Job> RunAsync(CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (upload, job) = await BeginAsync(cancellationToken);
        try
        {
            await SendAsync(upload, hash, cancellationToken);
            job ??= await CompleteAsync(upload, cancellationToken);
        }
        catch (ForegSyteException failure) when (failure.Reason == ErrorReason.UploadNotFound)
        {
            GiveUp();
            throw;
        }
        catch (Exception failure) when (IsTheVideosFault(failure))
        {
            GiveUp();
            await uploads.AbortAsync(upload.UploadId, cancellationToken);
            throw;
        }

        state.Remove();
        await RequireSameBytesAsync(job, Convert.ToHexStringLower(hash.GetHashAndReset()), cancellationToken);
        return job;
    }

    /// <summary>
    /// An upload with its ranges; with a job too where an earlier run had submitted it and was ended before it heard
    /// so.
    /// </summary>
    private async Task<(Upload Upload, Job? Job)> BeginAsync(CancellationToken cancellationToken)
    {
        var record = new UploadRecord(
            options.Address, file.Path, file.SizeBytes, file.ModifiedAt,
            await file.FingerprintAsync(cancellationToken), Guid.NewGuid().ToString(), UploadId: "");
        if (state.Record is { } earlier)
        {
            if (earlier.IsOfSameFile(record))
            {
                record = earlier;
            }
            else if (earlier.UploadId.Length > 0)
            {
                await uploads.AbortAsync(earlier.UploadId, cancellationToken);
            }
        }

        if (record.UploadId.Length > 0)
        {
            if (await uploads.FindAsync(record.UploadId, cancellationToken) is { } found)
            {
                return (found, null);
            }

            if (await FindJobAsync(record.UploadId, cancellationToken) is { } job)
            {
                return (Whole(record.UploadId), job);
            }

            record = record with { RequestId = Guid.NewGuid().ToString(), UploadId = "" };
        }

        state.Write(record);
        var created = await uploads.CreateAsync(file.SizeBytes, record.RequestId, cancellationToken);
        state.Write(record with { UploadId = created.UploadId });
        return (created, null);
    }

    private async Task SendAsync(Upload upload, IncrementalHash? hash, CancellationToken cancellationToken)
    {
        var partBytes = upload.MaxPartBytes > 0
            ? Math.Min(options.Uploads.PartBytes, upload.MaxPartBytes)
            : options.Uploads.PartBytes;
        var plan = PartPlan.Of(file.SizeBytes, partBytes, upload.Ranges);
        tally.Begin(
            plan.Where(part => part.IsThere).Sum(part => (long)part.Length),
            state.IsKept,
            isChecking: hash is not null);
        var sender = uploads.SenderOf(upload.UploadId, tally);
        // Each of them asks for a part, one at a time, and then sends it: so many buffers there are, and no more.
        await Parallel.ForEachAsync(
            new PartReader(file, tally).ReadAsync(plan, hash, cancellationToken),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = options.Uploads.Parallelism,
                CancellationToken = cancellationToken,
            },
            sender.SendAsync);
        if (file.HasChanged)
        {
            throw new FileChangedException(file.Path);
        }
    }

    /// <summary>
    /// Submits; where the server misses bytes, as after a crash of its machine, sends those and submits again.
    /// </summary>
    private async Task<Job> CompleteAsync(Upload upload, CancellationToken cancellationToken)
    {
        for (var attempts = 1; ; attempts++)
        {
            tally.Completing();
            try
            {
                return await submit(upload.UploadId, cancellationToken);
            }
            catch (ForegSyteException failure)
                when (failure.Reason == ErrorReason.UploadIncomplete && attempts < options.MaxAttempts)
            {
                upload = await uploads.GetAsync(upload.UploadId, cancellationToken);
                await SendAsync(upload, hash: null, cancellationToken);
            }
        }
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

    private async Task RequireSameBytesAsync(Job job, string sha256, CancellationToken cancellationToken)
    {
        if (job.VideoSha256.Length == 0 || job.VideoSha256 == sha256)
        {
            return;
        }

        tally.GivenUp();
        await cancel(job.JobId, cancellationToken);
        throw new ForegSyteException(
            StatusCode.DataLoss,
            $"Job {job.JobId} was made of other bytes than those of {file.Path} (SHA-256 {job.VideoSha256}, not "
            + $"{sha256}), and has been cancelled. Submit the file again.")
        {
            Reason = ErrorReason.UploadContentMismatch,
            ReasonText = "UPLOAD_CONTENT_MISMATCH",
        };
    }

    /// <summary>Whether no repetition can make a job of what was uploaded.</summary>
    private static bool IsTheVideosFault(Exception failure) => failure is FileChangedException
        or ForegSyteException
    {
        Reason: ErrorReason.EmptyVideo or ErrorReason.NotAnMp4 or ErrorReason.TruncatedMp4
                or ErrorReason.NoVideoTrack or ErrorReason.NoFrames or ErrorReason.VideoLimitExceeded
                or ErrorReason.UploadContentMismatch,
    };

    private Upload Whole(string uploadId) => new()
    {
        UploadId = uploadId,
        SizeBytes = file.SizeBytes,
        Ranges = { new ByteRange { Start = 0, End = file.SizeBytes } },
    };

    private void GiveUp()
    {
        state.Remove();
        tally.GivenUp();
    }
}
