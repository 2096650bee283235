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
    private readonly ConcurrentDictionary<Guid, RecoveredUpload> _uploads = new();

    /// <summary>All uploads.</summary>
    public IEnumerable<UploadRecord> Records => _uploads.Values.Select(upload => upload.Record);

    /// <summary>Whether an upload is here.</summary>
    public bool Has(Guid uploadId) => _uploads.ContainsKey(uploadId);

    /// <summary>Whether the upload that a tenant created with a request_id is here. O(n)</summary>
    public bool Has(string tenant, Guid requestId) =>
        Records.Any(upload => upload.RequestId == requestId && upload.Tenant == tenant);

    /// <summary>Creates an upload, or returns the one that an earlier request with the same request_id created.
    /// </summary>
    /// <param name="sizeBytes">Size of the whole video, which was checked.</param>
    /// <param name="sha256">SHA-256 of the video as lower-case digits; null if not given.</param>
    /// <param name="requestId">The caller's request_id, unique per tenant; null if not given.</param>
    /// <param name="tenant">The tenant that will own the upload; empty without tenants.</param>
    /// <exception cref="ServiceException">
    /// REQUEST_ID_CONFLICT, TENANT_QUOTA_EXCEEDED, TOO_MANY_UPLOADS or STORAGE_FULL.
    /// </exception>
    public OpenUpload Create(long sizeBytes, string? sha256, Guid? requestId, string tenant = "") =>
        CreateOrFind(sizeBytes, sha256, requestId, tenant).Upload;

    /// <summary>The same, and whether the upload is new.</summary>
    public (OpenUpload Upload, bool IsNew) CreateOrFind(
        long sizeBytes, string? sha256, Guid? requestId, string tenant)
    {
        lock (_creating)
        {
            var others = Ready().ToList();
            if (requestId is not null && others.Find(IsSameRequest) is { } earlier)
            {
                return (SameOrConflict(earlier, sizeBytes, sha256), false);
            }

            space.AddUpload(tenant, sizeBytes, options.Value.MaxOpenUploads);
            var upload = CreateCounted(
                new UploadRecord(Guid.NewGuid(), sizeBytes, sha256, requestId, time.GetUtcNow(), tenant));
            _uploads[upload.Record.UploadId] = new RecoveredUpload(upload.Record, [], Task.FromResult(upload));
            crashPoints.Pass(CrashPoint.UploadCreated);
            return (upload, true);
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
        if (_uploads.TryGetValue(uploadId, out var lost) && lost.Record.IsVisibleTo(visibleTenant)
            && await lost.HasFailedAsync(cancellationToken))
        {
            _ = await TryRemoveLostAsync(lost) ? true : throw UploadErrors.NotFound(uploadId);
            return;
        }

        var upload = await FindAsync(uploadId, visibleTenant, cancellationToken);
        if (!upload.TryMarkRemoved())
        {
            throw upload.IsRemoved ? UploadErrors.NotFound(uploadId) : UploadErrors.Busy(uploadId);
        }

        await RemoveWithSharedAsync(upload);
    }

    /// <summary>Removes the expired uploads and returns their number.</summary>
    public async Task<int> RemoveExpiredAsync()
    {
        var now = time.GetUtcNow();
        var removed = 0;
        foreach (var upload in Ready().Where(upload => upload.TryMarkExpired(now, options.Value)).ToList())
        {
            await RemoveWithSharedAsync(upload);
            removed++;
        }

        foreach (var lost in _uploads.Values.Where(upload =>
            upload.Opening.IsFaulted && upload.LastChangeAt + options.Value.Lifetime <= now))
        {
            removed += await TryRemoveLostAsync(lost) ? 1 : 0;
        }

        return removed;
    }

    /// <summary>Adds an upload of an earlier process, which becomes available when it is opened.</summary>
    public void Add(RecoveredUpload upload)
    {
        _uploads[upload.Record.UploadId] = upload;
        space.RestoreUpload(
            upload.Record.Tenant, upload.Record.SizeBytes, upload.Parts.Sum(part => part.Extent.Length));
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
        .Where(upload => upload.Opening.IsCompletedSuccessfully)
        .Select(upload => upload.Opening.GetAwaiter().GetResult());

    private async Task<OpenUpload?> TryFindAsync(
        Guid uploadId, string? visibleTenant, CancellationToken cancellationToken) =>
        _uploads.TryGetValue(uploadId, out var recovered) && recovered.Record.IsVisibleTo(visibleTenant)
            ? await recovered.Opening.WaitAsync(cancellationToken)
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

    private Task RemoveWithSharedAsync(OpenUpload upload) =>
        RemoveWithSharedAsync(upload.Record.UploadId, () => Remove(upload));

    private async Task RemoveWithSharedAsync(Guid uploadId, Action remove)
    {
        // A completion that failed or was cut off may have linked the data file into the shared videos.
        var mayBeShared = HardLink.CountOf(files.DataOf(uploadId)) > 1;
        remove();
        if (mayBeShared)
        {
            // The upload is gone, so the rest is not cancelled.
            await storage.RemoveUnsharedAsync(CancellationToken.None);
        }
    }

    /// <summary>Removes an upload that could not be opened; false if another call removed it.</summary>
    private async Task<bool> TryRemoveLostAsync(RecoveredUpload lost)
    {
        if (!_uploads.TryRemove(lost.Record.UploadId, out _))
        {
            return false;
        }

        await RemoveWithSharedAsync(lost.Record.UploadId, () => files.Remove(lost.Record.UploadId));
        space.RemoveUpload(lost.Record.Tenant, lost.Record.SizeBytes);
        return true;
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
        File.Delete(files.DataOf(upload.Record.UploadId));
        _uploads.TryRemove(upload.Record.UploadId, out _);
        space.RemoveUpload(upload.Record.Tenant, upload.Record.SizeBytes);
    }
}

/// <summary>An upload, which may be of an earlier process and still be verified.</summary>
/// <param name="Record">The upload.</param>
/// <param name="Parts">The parts that earlier processes recorded.</param>
/// <param name="Opening">Completes when the upload is available; fails if its files cannot be used.</param>
internal sealed record RecoveredUpload(
    UploadRecord Record, IReadOnlyList<UploadPartRecord> Parts, Task<OpenUpload> Opening)
{
    /// <summary>Arrival of the latest recorded part.</summary>
    public DateTimeOffset LastChangeAt =>
        Parts.Select(part => part.ReceivedAt).Append(Record.CreatedAt).Max();

    /// <summary>Whether the upload could not be opened; waits until that is known.</summary>
    public async Task<bool> HasFailedAsync(CancellationToken cancellationToken)
    {
        await ((Task)Opening).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return Opening.IsFaulted;
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
