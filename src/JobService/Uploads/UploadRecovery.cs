using System.Buffers;
using ForegSyte.Protocol.Checksums;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// Opens the uploads of earlier processes at the start. Where the operating system went on running, all that was noted
/// is there. Where it did not, each part is read back and compared with its checksum, in the background, and who asks
/// for such an upload waits: nobody is told of bytes that are not there.
/// </summary>
internal sealed class UploadRecovery(
    UploadStore store, UploadFiles files, UploadHashing hashing, ILogger<UploadRecovery> logger)
    : IHostedService, IDisposable
{
    private const int ReadBytes = 1 << 20;

    private readonly CancellationTokenSource _stopping = new();
    private Task _checking = Task.CompletedTask;

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (files.RemoveAbandoned() is > 0 and var abandoned)
        {
            logger.LogInformation("Removed {Count} files of uploads that are gone", abandoned);
        }

        foreach (var uploadId in files.List())
        {
            if (TryOpen(uploadId) is { } opening)
            {
                store.Add(uploadId, opening);
            }
            else
            {
                logger.LogWarning("Nothing is left of upload {UploadId}; it is removed", uploadId);
                files.Remove(uploadId);
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _checking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc />
    public void Dispose() => _stopping.Dispose();

    private Task<OpenUpload>? TryOpen(Guid uploadId)
    {
        if (UploadJournal.Open(files.JournalOf(uploadId)) is not var (journal, parts)
            || !File.Exists(files.DataOf(uploadId)))
        {
            return null;
        }

        var data = DataFile.Open(files.DataOf(uploadId));
        if (journal.Header.BootId == BootId.Current && BootId.Current.Length > 0)
        {
            return Task.FromResult(new OpenUpload(data, journal, parts, hashing));
        }

        // One after the other: there is one disk.
        var before = _checking;
        var opening = Task.Run(async () =>
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return Check(uploadId, data, journal, parts);
        });
        _checking = opening;
        return opening;
    }

    private OpenUpload Check(
        Guid uploadId, DataFile data, UploadJournal journal, IReadOnlyList<UploadPartRecord> parts)
    {
        var there = parts.Where(part => IsThere(data, part)).ToList();
        if (there.Count < parts.Count)
        {
            logger.LogWarning(
                "The machine lost {Lost} of the {Count} parts of upload {UploadId}; its caller will be asked for them",
                parts.Count - there.Count, parts.Count, uploadId);
        }

        var path = files.RewrittenJournalOf(uploadId);
        File.Delete(path);
        var rewritten = UploadJournal.Create(path, journal.Header with { BootId = BootId.Current });
        there.ForEach(rewritten.Append);
        rewritten.Flush();
        journal.Dispose();
        File.Move(path, files.JournalOf(uploadId), overwrite: true);
        data.SetLength(journal.Header.Upload.SizeBytes);
        return new OpenUpload(data, rewritten, there, hashing);
    }

    private bool IsThere(DataFile data, UploadPartRecord part)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            var crc = 0u;
            for (var at = part.Extent.Start; at < part.Extent.End;)
            {
                _stopping.Token.ThrowIfCancellationRequested();
                var count = (int)Math.Min(ReadBytes, part.Extent.End - at);
                var read = data.Read(buffer.AsSpan(0, count), at);
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
            logger.LogWarning(failure, "A part of an upload cannot be read back");
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
