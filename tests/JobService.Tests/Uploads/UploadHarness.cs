using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Uploads;

/// <summary>The services of uploads over a folder. A second harness over the same folder is the next process.</summary>
internal sealed class UploadHarness : IAsyncDisposable
{
    private readonly UploadHashing _hashing = new();
    private readonly UploadRecovery _recovery;
    private readonly LocalStorage _storage;
    private readonly PartWriter _writer;

    public UploadHarness(
        TemporaryFolder folder, FakeTimeProvider time, UploadOptions? options = null, long minFree = 0,
        TenantOptions? tenants = null, Func<long>? freeBytes = null)
    {
        var storageOptions = Options.Create(
            new StorageOptions { Root = folder.File("video_jobs"), MinFreeBytes = minFree });
        Limits = options ?? new UploadOptions();
        var uploadOptions = Options.Create(Limits);
        _storage = new LocalStorage(storageOptions, freeBytes);
        Files = new UploadFiles(storageOptions, Options.Create(new UploadFolder()));
        Space = new TenantSpace(Jobs, _storage, Options.Create(tenants ?? new TenantOptions()));
        Space.StartAsync(CancellationToken.None).GetAwaiter().GetResult();
        Store = new UploadStore(Files, _storage, Space, _hashing, uploadOptions, CrashPoints.None, time);
        _writer = new PartWriter(Space, uploadOptions, CrashPoints.None, time);
        _recovery = new UploadRecovery(
            Store, Files, _storage, Jobs, _hashing, NullLogger<UploadRecovery>.Instance);
        Folder = folder.File("video_jobs", ".uploads");
    }

    public string Folder { get; }

    public UploadFiles Files { get; }

    public InMemoryJobStore Jobs { get; } = new();

    public UploadStore Store { get; }

    public TenantSpace Space { get; }

    public UploadOptions Limits { get; }

    public IStorage Storage => _storage;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Opens the uploads of earlier processes.</summary>
    public Task RecoverAsync() => _recovery.StartAsync(Cancellation);

    public Task WriteAsync(OpenUpload upload, long offset, byte[] data) =>
        _writer.WriteAsync(upload, offset, data, Crc32C.Of(data), Cancellation);

    public async Task<OpenUpload> FindAsync(OpenUpload upload) =>
        await Store.FindAsync(upload.Record.UploadId, visibleTenant: null, Cancellation);

    public async Task<UploadCompletion> CompleteAsync(OpenUpload upload) =>
        (await Store.TryBeginCompletionAsync(upload.Record.UploadId, visibleTenant: null, Cancellation))!;

    /// <summary>Rewrites the journal as if another boot of the operating system had created it.</summary>
    public void PretendAnotherBoot(OpenUpload upload)
    {
        var path = Files.JournalOf(upload.Record.UploadId);
        var (journal, records) = UploadJournal.Open(path)!.Value;
        journal.Dispose();
        File.Delete(path);
        using var other = UploadJournal.Create(path, new UploadJournalHeader(upload.Record, "another boot"));
        records.ToList().ForEach(other.Append);
    }

    /// <summary>Closes everything, as the end of the process does.</summary>
    public async ValueTask DisposeAsync()
    {
        await _recovery.StopAsync(Cancellation);
        _recovery.Dispose();
        Store.Dispose();
        await _storage.DisposeAsync();
        _hashing.Dispose();
    }
}
