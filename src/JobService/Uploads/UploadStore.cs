using System.Collections.Concurrent;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using Microsoft.Extensions.Options;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Uploads;

/// <summary>Creates, finds, completes and removes uploads.</summary>
internal sealed class UploadStore(
    UploadFiles files,
    IStorage storage,
    TenantSpace space,
    UploadHashing hashing,
    IOptions<UploadOptions> options,
    CrashPoints crashPoints,
    TimeProvider time) : IDisposable
{
    private readonly Lock _creating = new();

    /// <summary>The uploads; those of an earlier process may still be verified.</summary>
    private readonly ConcurrentDictionary<Guid, Task<OpenUpload>> _uploads = new();

    /// <summary>Creates an upload, or returns the one that an earlier request with the same request_id created.
    /// </summary>
    /// <param name="sizeBytes">Size of the whole video, which was checked.</param>
    /// <param name="sha256">SHA-256 of the video as lower-case digits; null if not given.</param>
    /// <param name="requestId">The caller's request_id, unique per tenant; null if not given.</param>
    /// <param name="tenant">The tenant that will own the upload; empty without tenants.</param>
    /// <exception cref="ServiceException">
    /// REQUEST_ID_CONFLICT, TENANT_QUOTA_EXCEEDED, TOO_MANY_UPLOADS or STORAGE_FULL.
    /// </exception>
    public OpenUpload Create(long sizeBytes, string? sha256, Guid? requestId, string tenant = "")
    {
        lock (_creating)
        {
            var others = Ready().ToList();
            if (requestId is not null && others.Find(IsSameRequest) is { } earlier)
            {
                return SameOrConflict(earlier, sizeBytes, sha256);
            }

            space.AddUpload(tenant, sizeBytes, options.Value.MaxOpenUploads);
            var upload = CreateCounted(
                new UploadRecord(Guid.NewGuid(), sizeBytes, sha256, requestId, time.GetUtcNow(), tenant));
            _uploads[upload.Record.UploadId] = Task.FromResult(upload);
            crashPoints.Pass(CrashPoint.UploadCreated);
            return upload;
        }

        bool IsSameRequest(OpenUpload other) =>
            other.Record.RequestId == requestId && other.Record.Tenant == tenant;
    }

    /// <summary>Finds an upload. Waits while it is verified after a crash of the machine.</summary>
    /// <param name="uploadId">Its id.</param>
    /// <param name="visibleTenant">The only tenant whose uploads the caller can see; null for all tenants.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ServiceException">UPLOAD_NOT_FOUND.</exception>
    public async Task<OpenUpload> FindAsync(
        Guid uploadId, string? visibleTenant, CancellationToken cancellationToken) =>
        await TryFindAsync(uploadId, visibleTenant, cancellationToken) ?? throw UploadErrors.NotFound(uploadId);

    /// <summary>
    /// Begins the completion of an upload. Until the result is disposed, no other call completes, removes or changes
    /// the upload. Returns null if the caller can see no such upload.
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

    /// <summary>Removes an upload.</summary>
    /// <exception cref="ServiceException">UPLOAD_NOT_FOUND or UPLOAD_BUSY.</exception>
    public async Task AbortAsync(Guid uploadId, string? visibleTenant, CancellationToken cancellationToken)
    {
        var upload = await FindAsync(uploadId, visibleTenant, cancellationToken);
        if (!upload.TryMarkRemoved())
        {
            throw upload.IsRemoved ? UploadErrors.NotFound(uploadId) : UploadErrors.Busy(uploadId);
        }

        RemoveWithShared(upload);
    }

    /// <summary>Removes the expired uploads and returns their number.</summary>
    public int RemoveExpired()
    {
        var now = time.GetUtcNow();
        var expired = Ready().Where(upload => upload.TryMarkExpired(now, options.Value)).ToList();
        expired.ForEach(RemoveWithShared);
        return expired.Count;
    }

    /// <summary>Adds an upload of an earlier process, which becomes available when the task completes.</summary>
    public void Add(UploadRecord record, Task<OpenUpload> opening)
    {
        _uploads[record.UploadId] = opening;
        space.RestoreUpload(record.Tenant, record.SizeBytes);

        // Its job has it too after a crash between the commit of the job and the removal of the upload.
        storage.CountAdopted(files.DataOf(record.UploadId));
    }

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

    private OpenUpload CreateCounted(UploadRecord record)
    {
        try
        {
            // The tenant's own limit first: it tells the caller what to do.
            return _uploads.Count < options.Value.MaxOpenUploads
                ? Create(record)
                : throw UploadErrors.TooMany(options.Value.MaxOpenUploads);
        }
        catch
        {
            space.RemoveUpload(record.Tenant, record.SizeBytes);
            throw;
        }
    }

    private OpenUpload Create(UploadRecord record)
    {
        SafeFileHandle? data = null;
        try
        {
            data = files.CreateData(record.UploadId, record.SizeBytes);
            var journal = UploadJournal.Create(
                files.JournalOf(record.UploadId), new UploadJournalHeader(record, UploadJournalHeader.CurrentBootId));
            return new OpenUpload(data, journal, [], hashing);
        }
        catch (IOException failure)
        {
            data?.Dispose();
            File.Delete(files.DataOf(record.UploadId));
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

    private void RemoveWithShared(OpenUpload upload)
    {
        // A completion that failed or was cut off may have linked the data file into the shared videos.
        var mayBeShared = HardLink.CountOf(files.DataOf(upload.Record.UploadId)) > 1;
        Remove(upload);
        if (mayBeShared)
        {
            storage.RemoveUnshared();
        }
    }

    private void RemoveSubmitted(OpenUpload upload)
    {
        upload.MarkHeldRemoved();
        Remove(upload);
        crashPoints.Pass(CrashPoint.UploadRemoved);
    }

    private void Remove(OpenUpload upload)
    {
        // First the journal, so that a crash in between leaves no upload; the file is closed before its space is freed.
        files.RemoveJournal(upload.Record.UploadId);
        upload.Dispose();
        storage.DeleteAdopted(files.DataOf(upload.Record.UploadId));
        _uploads.TryRemove(upload.Record.UploadId, out _);
        space.RemoveUpload(upload.Record.Tenant, upload.Record.SizeBytes);
    }
}

/// <summary>A complete upload, held by the call that turns it into a job.</summary>
/// <param name="upload">The upload.</param>
/// <param name="path">Its data file.</param>
/// <param name="remove">Removes it.</param>
internal sealed class UploadCompletion(OpenUpload upload, string path, Action remove) : IDisposable
{
    /// <summary>The data file, which no longer changes.</summary>
    public string Path => path;

    /// <summary>Size of the video in bytes.</summary>
    public long SizeBytes => upload.Record.SizeBytes;

    /// <summary>The tenant that owns the upload.</summary>
    public string Tenant => upload.Record.Tenant;

    /// <summary>The SHA-256 as lower-case digits; most bytes were hashed while parts arrived.</summary>
    /// <exception cref="ServiceException">UPLOAD_CONTENT_MISMATCH: CreateUpload announced another hash.</exception>
    public async Task<string> HashAsync(CancellationToken cancellationToken)
    {
        var actual = await upload.HashAsync(cancellationToken);
        return upload.Record.Sha256 is not { } expected || expected == actual
            ? actual
            : throw UploadErrors.ContentMismatch(upload.Record.UploadId, expected, actual);
    }

    /// <summary>Removes the upload after its job became durable.</summary>
    public void Remove() => remove();

    /// <summary>Ends the hold; an upload that was not removed stays as it was.</summary>
    public void Dispose() => upload.EndHold();
}
