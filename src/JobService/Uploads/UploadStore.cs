using System.Collections.Concurrent;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Uploads;

/// <summary>The open uploads: creates, finds, completes and removes them.</summary>
internal sealed class UploadStore(
    UploadFiles files,
    IStorage storage,
    UploadHashing hashing,
    IOptions<UploadOptions> options,
    CrashPoints crashPoints,
    TimeProvider time) : IDisposable
{
    private readonly Lock _creating = new();
    private readonly ConcurrentDictionary<Guid, Task<OpenUpload>> _uploads = new();

    /// <summary>Begins an upload, or returns the one that the same request began before.</summary>
    /// <param name="sizeBytes">Size of the whole video, which was checked.</param>
    /// <param name="sha256">Its SHA-256 as lower-case digits; null where none was given.</param>
    /// <param name="requestId">The caller's request_id, which counts for the tenant alone; null for none.</param>
    /// <param name="tenant">Whom the upload is to belong to; empty where tenants are not told apart.</param>
    /// <exception cref="ServiceException">REQUEST_ID_CONFLICT, TOO_MANY_UPLOADS or STORAGE_FULL.</exception>
    public OpenUpload Create(long sizeBytes, string? sha256, Guid? requestId, string tenant = "")
    {
        lock (_creating)
        {
            var others = Ready().ToList();
            if (requestId is not null && others.Find(IsSameRequest) is { } earlier)
            {
                return SameOrConflict(earlier, sizeBytes, sha256);
            }

            if (_uploads.Count >= options.Value.MaxOpenUploads)
            {
                throw UploadErrors.TooMany(options.Value.MaxOpenUploads);
            }

            // What is promised to others is not free any more.
            storage.RequireRoom(sizeBytes + others.Sum(other => other.MissingBytes));
            var upload = Create(
                new UploadRecord(Guid.NewGuid(), sizeBytes, sha256, requestId, time.GetUtcNow(), tenant));
            _uploads[upload.Record.UploadId] = Task.FromResult(upload);
            crashPoints.Pass(CrashPoint.UploadCreated);
            return upload;
        }

        bool IsSameRequest(OpenUpload other) =>
            other.Record.RequestId == requestId && other.Record.Tenant == tenant;
    }

    /// <summary>Finds an upload; one that is being checked after a crash of the machine is waited for.</summary>
    /// <param name="uploadId">Its id.</param>
    /// <param name="visibleTenant">
    /// The one tenant whose uploads the caller sees, those of others are not there; null for a caller who sees all.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ServiceException">UPLOAD_NOT_FOUND.</exception>
    public async Task<OpenUpload> FindAsync(
        Guid uploadId, string? visibleTenant, CancellationToken cancellationToken) =>
        await TryFindAsync(uploadId, visibleTenant, cancellationToken) ?? throw UploadErrors.NotFound(uploadId);

    /// <summary>
    /// Begins to complete an upload; until the result is disposed, nobody else completes, removes or changes it. Null
    /// where the caller sees none.
    /// </summary>
    /// <exception cref="ServiceException">UPLOAD_BUSY or UPLOAD_INCOMPLETE.</exception>
    public async Task<UploadCompletion?> TryBeginCompletionAsync(
        Guid uploadId, string? visibleTenant, CancellationToken cancellationToken)
    {
        if (await TryFindAsync(uploadId, visibleTenant, cancellationToken) is not { } upload)
        {
            return null;
        }

        upload.Hold();
        return new UploadCompletion(upload, files.DataOf(uploadId), () => RemoveSubmitted(upload));
    }

    /// <summary>Ends an upload and removes what is there of it.</summary>
    /// <exception cref="ServiceException">UPLOAD_NOT_FOUND or UPLOAD_BUSY.</exception>
    public async Task AbortAsync(Guid uploadId, string? visibleTenant, CancellationToken cancellationToken)
    {
        var upload = await FindAsync(uploadId, visibleTenant, cancellationToken);
        if (!TryRemove(upload, DateTimeOffset.MaxValue))
        {
            throw upload.IsGone ? UploadErrors.NotFound(uploadId) : UploadErrors.Busy(uploadId);
        }
    }

    /// <summary>Removes the uploads whose time is over; returns how many.</summary>
    public int RemoveExpired()
    {
        var limit = time.GetUtcNow() - options.Value.Lifetime;
        return Ready().ToList().Count(upload => TryRemove(upload, limit));
    }

    /// <summary>Adds an upload of an earlier process, which is there once it is opened.</summary>
    public void Add(Guid uploadId, Task<OpenUpload> opening) => _uploads[uploadId] = opening;

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var upload in Ready())
        {
            upload.Dispose();
        }
    }

    private IEnumerable<OpenUpload> Ready() => _uploads.Values
        .Where(upload => upload.IsCompletedSuccessfully)
        .Select(upload => upload.GetAwaiter().GetResult());

    private async Task<OpenUpload?> TryFindAsync(
        Guid uploadId, string? visibleTenant, CancellationToken cancellationToken) =>
        _uploads.TryGetValue(uploadId, out var opening)
        && await opening.WaitAsync(cancellationToken) is var upload
        && upload.Record.IsVisibleTo(visibleTenant)
            ? upload
            : null;

    private OpenUpload Create(UploadRecord record)
    {
        var path = files.DataOf(record.UploadId);
        DataFile? data = null;
        try
        {
            data = DataFile.Create(path, record.SizeBytes);
            var journal = UploadJournal.Create(
                files.JournalOf(record.UploadId), new UploadJournalHeader(record, BootId.Current));
            return new OpenUpload(data, journal, [], hashing);
        }
        catch (IOException failure)
        {
            data?.Dispose();
            File.Delete(path);
            throw DiskFull.Is(failure) ? DiskFull.Report(failure) : failure;
        }
    }

    private static OpenUpload SameOrConflict(OpenUpload earlier, long sizeBytes, string? sha256)
    {
        var fields = new List<string>();
        if (earlier.Record.SizeBytes != sizeBytes)
        {
            fields.Add("size_bytes");
        }

        if (earlier.Record.Sha256 != sha256)
        {
            fields.Add("sha256");
        }

        return fields.Count == 0 ? earlier : throw UploadErrors.RequestIdConflict(earlier.Record, fields);
    }

    private bool TryRemove(OpenUpload upload, DateTimeOffset unchangedSince)
    {
        if (!upload.TryEnd(unchangedSince))
        {
            return false;
        }

        // A completion that failed or was cut off may have left the bytes for others to share.
        var mayBeShared = HardLink.CountOf(files.DataOf(upload.Record.UploadId)) > 1;
        Remove(upload);
        if (mayBeShared)
        {
            storage.RemoveUnshared();
        }

        return true;
    }

    private void RemoveSubmitted(OpenUpload upload)
    {
        upload.EndHeld();
        Remove(upload);
        crashPoints.Pass(CrashPoint.UploadRemoved);
    }

    private void Remove(OpenUpload upload)
    {
        files.Remove(upload.Record.UploadId);
        _uploads.TryRemove(upload.Record.UploadId, out _);
        upload.Dispose();
    }
}
