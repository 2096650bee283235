using System.Buffers;
using ForegSyte.Jobs.Storage;
using ForegSyte.Protocol.Checksums;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// Opens the uploads of earlier processes at start. After the end of a process all recorded parts exist. After a crash
/// of the machine they may not: a background task then reads each part back and compares its checksum, and calls about
/// that upload wait meanwhile.
/// </summary>
internal sealed class UploadRecovery(
    UploadStore store,
    UploadFiles files,
    IStorage storage,
    IJobStore jobs,
    UploadHashing hashing,
    ILogger<UploadRecovery> logger) : IHostedService, IDisposable
{
    private const int ReadBytes = 1 << 20;

    private readonly CancellationTokenSource _stopping = new();
    private Task _verifying = Task.CompletedTask;

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (files.RemoveAbandoned() is > 0 and var abandoned)
        {
            logger.LogInformation("Removed {Count} files without an upload", abandoned);
        }

        foreach (var uploadId in files.List())
        {
            if (await HasJobAsync(uploadId, cancellationToken))
            {
                logger.LogInformation("Removed upload {UploadId}: it is the video of a job", uploadId);
                files.Remove(uploadId);
            }
            else if (TryOpen(uploadId) is { } upload)
            {
                store.Add(upload);
            }
            else
            {
                logger.LogWarning("Removed upload {UploadId}: its files are incomplete", uploadId);
                files.Remove(uploadId);
            }
        }
    }

    /// <inheritdoc />
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _verifying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc />
    public void Dispose() => _stopping.Dispose();

    /// <summary>
    /// Whether a crash came between the commit of the upload's job and its removal. Not known if the job shares the
    /// bytes of an earlier video instead of the upload's; the upload then stays until it expires.
    /// </summary>
    private async Task<bool> HasJobAsync(Guid uploadId, CancellationToken cancellationToken)
    {
        var keys = await storage.KeysOfAsync(files.DataOf(uploadId), cancellationToken);
        var candidates = keys.Select(ArtifactKeys.JobOf).OfType<Guid>().ToList();
        return candidates.Count > 0 && (await jobs.FindKnownAsync(candidates, cancellationToken)).Count > 0;
    }

    private RecoveredUpload? TryOpen(Guid uploadId)
    {
        if (UploadJournal.Open(files.JournalOf(uploadId)) is not var (journal, parts)
            || !File.Exists(files.DataOf(uploadId)))
        {
            return null;
        }

        var data = files.OpenData(uploadId);
        var currentBootId = UploadJournalHeader.CurrentBootId;
        if (journal.Header.BootId == currentBootId && currentBootId.Length > 0)
        {
            return new RecoveredUpload(
                journal.Header.Upload, parts, Task.FromResult(new OpenUpload(data, journal, parts, hashing)));
        }

        // One upload after another: they share the disk.
        var before = _verifying;
        var opening = Task.Run(async () =>
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                return Verify(uploadId, data, journal, parts);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                logger.LogError(
                    failure, "Upload {UploadId} cannot be opened. A restart tries again; AbortUpload or its expiry "
                    + "removes it", uploadId);
                data.Dispose();
                throw;
            }
            finally
            {
                journal.Dispose();
            }
        });
        _verifying = opening;
        return new RecoveredUpload(journal.Header.Upload, parts, opening);
    }

    private OpenUpload Verify(
        Guid uploadId, SafeFileHandle data, UploadJournal journal, IReadOnlyList<UploadPartRecord> parts)
    {
        var intact = parts.Where(part => IsIntact(uploadId, data, part)).ToList();
        if (intact.Count < parts.Count)
        {
            logger.LogWarning(
                "Upload {UploadId} lost {Lost} of {Count} parts in a crash of the machine; the caller must send them "
                + "again",
                uploadId, parts.Count - intact.Count, parts.Count);
        }

        var path = files.RewrittenJournalOf(uploadId);
        File.Delete(path);
        var rewritten = UploadJournal.Create(
            path, journal.Header with { BootId = UploadJournalHeader.CurrentBootId });
        intact.ForEach(rewritten.Append);
        rewritten.Flush();
        File.Move(path, files.JournalOf(uploadId), overwrite: true);
        RandomAccess.SetLength(data, journal.Header.Upload.SizeBytes);
        return new OpenUpload(data, rewritten, intact, hashing);
    }

    private bool IsIntact(Guid uploadId, SafeFileHandle data, UploadPartRecord part)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            var crc = 0u;
            for (var at = part.Extent.Start; at < part.Extent.End;)
            {
                _stopping.Token.ThrowIfCancellationRequested();
                var count = (int)Math.Min(ReadBytes, part.Extent.End - at);
                var read = RandomAccess.Read(data, buffer.AsSpan(0, count), at);
                if (read == 0)
                {
                    return false;
                }

                crc = Crc32C.Of(buffer.AsSpan(0, read), crc);
                at += read;
            }

            return crc == part.Crc32C;
        }
        catch (IOException failure)
        {
            logger.LogWarning(
                failure, "Part of upload {UploadId} at byte {Offset} cannot be read back", uploadId, part.Extent.Start);
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
