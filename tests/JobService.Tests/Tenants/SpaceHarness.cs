using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Retention;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Tenants;

/// <summary>
/// Submissions, uploads and deletions over real files and a disk of a fixed size. A second harness over the same folder
/// and the same store is the next process.
/// </summary>
internal sealed class SpaceHarness : IAsyncDisposable
{
    /// <summary>Size of the disk.</summary>
    public const long DiskBytes = 1L << 30;

    private readonly string _root;
    private readonly LocalStorage _storage;
    private readonly UploadHashing _hashing = new();
    private readonly UploadRecovery _recovery;
    private readonly PartWriter _writer;
    private readonly VideoSubmitter _submitter;
    private readonly FileSegmentStore _segments;
    private readonly JobRemoval _removal;

    public SpaceHarness(
        TemporaryFolder folder, IJobStore store, TimeProvider time, TenantOptions? tenants = null,
        Action<string>? onStep = null)
    {
        _root = folder.File("video_jobs");
        Store = store;
        var storageOptions = Options.Create(new StorageOptions { Root = _root, MinFreeBytes = 1 });
        var submitOptions = Options.Create(new SubmitOptions());
        var tenantOptions = Options.Create(tenants ?? new TenantOptions { MaxVideoBytes = DiskBytes });
        var uploadOptions = Options.Create(new UploadOptions());
        _storage = new LocalStorage(storageOptions, () => DiskBytes - StoredBytes());
        var storage = new ObservedStorage(_storage, onStep ?? (_ => { }));
        var checks = new VideoChecks(submitOptions);
        var files = new UploadFiles(storageOptions, Options.Create(new UploadFolder()));
        Space = new TenantSpace(store, storage, tenantOptions);
        Uploads = new UploadStore(files, storage, Space, _hashing, uploadOptions, CrashPoints.None, time);
        _writer = new PartWriter(Space, uploadOptions, CrashPoints.None, time);
        _recovery = new UploadRecovery(
            Uploads, files, storage, store, _hashing, NullLogger<UploadRecovery>.Instance);
        _submitter = new VideoSubmitter(
            store, storage, new PendingJobQuota(store, submitOptions, tenantOptions), Space, CrashPoints.None,
            new AllowedRoots(submitOptions), Uploads, fetcher: null!, checks, NullLogger<VideoSubmitter>.Instance);
        _segments = new FileSegmentStore(storage, NullLogger<FileSegmentStore>.Instance);
        _removal = new JobRemoval(
            store, storage, _segments, new LocalAttempts(store, NullLogger<LocalAttempts>.Instance),
            new DeletionHold(), CrashPoints.None);
    }

    public IJobStore Store { get; }

    public TenantSpace Space { get; }

    public UploadStore Uploads { get; }

    public IStorage Storage => _storage;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Counts what earlier processes left.</summary>
    public async Task StartAsync()
    {
        await Space.StartAsync(Cancellation);
        await _recovery.StartAsync(Cancellation);
    }

    /// <summary>A valid video of a number; each number has its own bytes and size.</summary>
    public static byte[] VideoOf(int number)
    {
        var clip = File.ReadAllBytes(RepositoryFiles.Pedestrians);
        byte[] padding = new byte[8 + number];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(padding, padding.Length);
        "free"u8.CopyTo(padding.AsSpan(4));
        return [.. clip, .. padding];
    }

    public Task<JobRecord> SubmitAsync(string tenant, VideoReference video, Guid? requestId = null) =>
        _submitter.SubmitAsync(
            new VideoSubmission(video, "yolo_ocr", 1, 0, "", JobTags.Empty, 4, requestId, tenant), Cancellation);

    public Task<JobRecord> SubmitAsync(string tenant, byte[] video, Guid? requestId = null) =>
        SubmitAsync(tenant, new VideoReference.Inline(ByteString.CopyFrom(video)), requestId);

    public Task WriteAsync(OpenUpload upload, long offset, byte[] data) =>
        _writer.WriteAsync(upload, offset, data, Crc32C.Of(data), Cancellation);

    public async Task DeleteAsync(Guid jobId)
    {
        await Store.UpdateAsync(
            jobId, job => job.IsTerminal ? job : JobTransitions.Cancel(job, job.UpdatedAt), Cancellation);
        await _removal.DeleteAsync(jobId, _ => { }, Cancellation);
    }

    /// <summary>The most bytes that a call could store now, by the disk alone.</summary>
    public long Room()
    {
        var (low, high) = (0L, 2 * DiskBytes);
        while (low < high)
        {
            var middle = low + ((high - low + 1) / 2);
            try
            {
                _storage.ReserveRoom(middle).Dispose();
                low = middle;
            }
            catch (ServiceException)
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>Size of all files on the disk; a file with several names counts once.</summary>
    public long StoredBytes() => (long)Math.Round(
        Names().Sum(name => (double)name.Length / HardLink.CountOf(name.FullName)!.Value));

    /// <summary>Checks that each stored video belongs to the jobs of one tenant.</summary>
    public void AssertNothingIsSharedBetweenTenants(IEnumerable<JobRecord> jobs) => Assert.All(
        jobs.Where(job => File.Exists(Path.Combine(_root, job.InputPath)))
            .GroupBy(job => HardLink.NumberOf(Path.Combine(_root, job.InputPath))),
        video => Assert.Single(video.Select(job => job.Tenant).Distinct()));

    /// <summary>Ends the process.</summary>
    public async ValueTask DisposeAsync()
    {
        await _recovery.StopAsync(Cancellation);
        _recovery.Dispose();
        Uploads.Dispose();
        _segments.Dispose();
        await _storage.DisposeAsync();
        _hashing.Dispose();
    }

    private IEnumerable<FileInfo> Names() =>
        new DirectoryInfo(_root).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.Exists);
}
