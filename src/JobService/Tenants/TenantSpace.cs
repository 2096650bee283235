using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tenants;

/// <summary>
/// Limits what each tenant stores: the bytes of its videos with those that its open uploads announced, the bytes of
/// its results, and its open uploads. A video counts whole for each job that has it, also if the disk has it once
/// (ADR 36). Jobs count by following commits; a submission reserves its bytes before it stores them, and an attempt
/// the bytes of its results, so that concurrent calls cannot exceed the limits. What other nodes count is about a
/// second old.
/// </summary>
internal sealed class TenantSpace : IHostedService
{
    /// <summary>What counts as the free space of a storage without a limit.</summary>
    private const long UnlimitedBytes = 1L << 60;

    private readonly Lock _lock = new();
    private readonly IJobStore _store;
    private readonly IStorage _storage;
    private readonly TenantOptions _options;
    private readonly Dictionary<string, SpaceUse> _uses = [];
    private readonly Dictionary<Guid, VideoReservation> _videos = [];
    private readonly Dictionary<Guid, ResultReservation> _results = [];
    private IReadOnlyDictionary<string, TenantUsage> _elsewhere = new Dictionary<string, TenantUsage>();

    /// <summary>
    /// The space of which tenants have shares: what was free at the start, and what jobs and uploads used then. A
    /// constant, so that no tenant's limit follows what another one stores.
    /// </summary>
    private long _spaceBytes;

    public TenantSpace(IJobStore store, IStorage storage, IOptions<TenantOptions> options)
    {
        (_store, _storage, _options) = (store, storage, options.Value);
        store.Committed += OnCommitted;
    }

    /// <summary>Counts the stored jobs before the service accepts calls.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var stored = await _store.SumSpaceAsync(cancellationToken);
        var usedBytes = stored.Tenants.Sum(tenant => tenant.VideoBytes + tenant.ResultBytes)
            - (_storage.Shares ? stored.SharedBytes : 0);
        lock (_lock)
        {
            _spaceBytes += (_storage.FreeBytes() ?? UnlimitedBytes) + usedBytes;
            foreach (var (tenant, videoBytes, resultBytes) in _store.IsShared ? [] : stored.Tenants)
            {
                Change(tenant, new SpaceUse(videoBytes, resultBytes, 0));
            }
        }
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Replaces what other nodes count.</summary>
    public void SetElsewhere(IReadOnlyDictionary<string, TenantUsage> usage)
    {
        lock (_lock)
        {
            _elsewhere = usage;
        }
    }

    /// <summary>What each tenant uses now that uses anything, including reservations.</summary>
    public IReadOnlyDictionary<string, SpaceUse> Uses()
    {
        lock (_lock)
        {
            return _uses.Keys.Union(_elsewhere.Keys).ToDictionary(tenant => tenant, SumOf);
        }
    }

    /// <summary>Maximum size of a tenant's videos and uploads, and of its results; null for no limit.</summary>
    public (long? VideoBytes, long? ResultBytes) LimitsOf(string tenant)
    {
        var options = _options.For(tenant);
        lock (_lock)
        {
            return (
                LimitOrNull(TenantShare.VideoBytes(options, tenant, _spaceBytes)),
                LimitOrNull(TenantShare.ResultBytes(options, tenant, _spaceBytes)));
        }

        static long? LimitOrNull(long limit) => limit == long.MaxValue ? null : limit;
    }

    /// <summary>What a tenant uses now, including reservations.</summary>
    public SpaceUse UseOf(string tenant)
    {
        lock (_lock)
        {
            return SumOf(tenant);
        }
    }

    /// <summary>
    /// Begins the reservation for the video of a new job. Dispose it once: after the commit, which then holds the
    /// bytes, or after a failure.
    /// </summary>
    public VideoReservation ReserveVideo(Guid jobId, string tenant)
    {
        lock (_lock)
        {
            return _videos[jobId] = new VideoReservation(this, jobId, tenant);
        }
    }

    /// <summary>Refuses bytes of a new video as a reservation would.</summary>
    /// <exception cref="ServiceException">TENANT_QUOTA_EXCEEDED.</exception>
    public void RequireVideo(string tenant, long bytes)
    {
        lock (_lock)
        {
            RequireVideoQuota(tenant, bytes);
        }
    }

    /// <summary>
    /// Counts a new upload with its announced size until <see cref="RemoveUpload"/>, so that its job is never refused
    /// for the quota. The disk must have room for it now, and promises nothing: each part reserves its own bytes.
    /// </summary>
    /// <param name="tenant">Its owner.</param>
    /// <param name="sizeBytes">Its announced size.</param>
    /// <param name="serverLimit">Maximum number of open uploads of the server.</param>
    /// <exception cref="ServiceException">TENANT_QUOTA_EXCEEDED or STORAGE_FULL.</exception>
    public void AddUpload(string tenant, long sizeBytes, int serverLimit)
    {
        lock (_lock)
        {
            var options = _options.For(tenant);
            var limit = TenantShare.OpenUploads(options, tenant, serverLimit);
            if (_uses.GetValueOrDefault(tenant).Uploads >= limit)
            {
                throw TenantErrors.TooManyUploads(tenant, options.NameOf(nameof(options.MaxOpenUploads)), limit);
            }

            RequireVideoQuota(tenant, sizeBytes);
            Change(tenant, new SpaceUse(sizeBytes, 0, 1, sizeBytes));
        }

        try
        {
            // Outside the lock: the commits of all jobs wait for it, and a disk can be slow.
            _storage.ReserveRoom(sizeBytes).Dispose();
        }
        catch (ServiceException)
        {
            RemoveUpload(tenant, sizeBytes);
            throw;
        }
    }

    /// <summary>Counts an upload of an earlier process.</summary>
    /// <param name="tenant">Its owner.</param>
    /// <param name="sizeBytes">Its announced size.</param>
    /// <param name="receivedBytes">What it uses of the disk.</param>
    public void RestoreUpload(string tenant, long sizeBytes, long receivedBytes)
    {
        lock (_lock)
        {
            _spaceBytes += receivedBytes;
            Change(tenant, new SpaceUse(sizeBytes, 0, 1, sizeBytes));
        }
    }

    /// <summary>Ends the count of an upload.</summary>
    public void RemoveUpload(string tenant, long sizeBytes)
    {
        lock (_lock)
        {
            Change(tenant, new SpaceUse(-sizeBytes, 0, -1, -sizeBytes));
        }
    }

    /// <summary>Reserves free space of the disk for bytes that are written at once.</summary>
    /// <exception cref="ServiceException">STORAGE_FULL.</exception>
    public RoomReservation ReserveRoom(long bytes) => _storage.ReserveRoom(bytes);

    /// <summary>
    /// Begins the reservation for the results of a running job. Dispose it when the end of the attempt is stored.
    /// </summary>
    public ResultReservation ReserveResults(JobRecord job)
    {
        lock (_lock)
        {
            // An attempt that lost its lease can still end; the new attempt counts instead.
            if (_results.Remove(job.JobId, out var lost))
            {
                Change(job.Tenant, new SpaceUse(0, -lost.Excess, 0));
            }

            return _results[job.JobId] = new ResultReservation(this, job.JobId, job.Tenant, job.ResultBytes);
        }
    }

    /// <summary>Raises a video's reservation to a size; checks the limit unless the bytes count already.</summary>
    internal void Raise(VideoReservation video, long bytes, bool isCounted)
    {
        lock (_lock)
        {
            var added = bytes - video.Bytes;
            if (added <= 0)
            {
                return;
            }

            if (!isCounted)
            {
                RequireVideoQuota(video.Tenant, added);
            }

            video.Bytes = bytes;
            Change(video.Tenant, new SpaceUse(added, 0, 0));
        }
    }

    /// <summary>Adds to the reservation of results.</summary>
    internal void Add(ResultReservation results, long bytes)
    {
        lock (_lock)
        {
            Raise(results, results.Claimed + bytes, isStored: false);
        }
    }

    /// <summary>Raises the reservation of results to a size.</summary>
    internal void Raise(ResultReservation results, long bytes, bool isStored)
    {
        lock (_lock)
        {
            if (!IsCurrent(results) || bytes <= results.Claimed)
            {
                return;
            }

            var before = results.Excess;
            var added = Math.Max(bytes - results.Stored, 0) - before;
            var options = _options.For(results.Tenant);
            var limit = TenantShare.ResultBytes(options, results.Tenant, _spaceBytes);
            if (!isStored && added > 0 && SumOf(results.Tenant).ResultBytes + added > limit)
            {
                throw TenantErrors.TooManyResults(
                    results.Tenant, options.NameOf(nameof(options.MaxResultBytes)), limit);
            }

            results.Claimed = bytes;
            Change(results.Tenant, new SpaceUse(0, added, 0));
        }
    }

    /// <summary>Takes all bytes out of a reservation of results, which goes on.</summary>
    internal void Forget(ResultReservation results)
    {
        lock (_lock)
        {
            if (IsCurrent(results))
            {
                var before = results.Excess;
                results.Claimed = 0;
                Change(results.Tenant, new SpaceUse(0, -before, 0));
            }
        }
    }

    /// <summary>Ends the reservation of a video, unless its commit ended it.</summary>
    internal void Release(VideoReservation video)
    {
        lock (_lock)
        {
            if (_videos.Remove(video.JobId))
            {
                Change(video.Tenant, new SpaceUse(-video.Bytes, 0, 0));
            }
        }
    }

    /// <summary>Ends the reservation of results.</summary>
    internal void Release(ResultReservation results)
    {
        lock (_lock)
        {
            if (IsCurrent(results))
            {
                _results.Remove(results.JobId);
                Change(results.Tenant, new SpaceUse(0, -results.Excess, 0));
            }
        }
    }

    private bool IsCurrent(ResultReservation results) =>
        _results.TryGetValue(results.JobId, out var current) && current == results;

    private void OnCommitted(JobCommit commit)
    {
        var (before, after) = (commit.Before, commit.After);
        var tenant = (after ?? before)!.Tenant;
        lock (_lock)
        {
            if (before is null && _videos.Remove(commit.JobId, out var video))
            {
                Change(tenant, new SpaceUse(-video.Bytes, 0, 0));
            }

            Change(
                tenant,
                new SpaceUse(
                    (after?.VideoBytes ?? 0) - (before?.VideoBytes ?? 0),
                    (after?.ResultBytes ?? 0) - (before?.ResultBytes ?? 0),
                    0));
            if (_results.TryGetValue(commit.JobId, out var results))
            {
                var excess = results.Excess;
                results.Stored = after?.ResultBytes ?? 0;
                Change(tenant, new SpaceUse(0, results.Excess - excess, 0));
            }
        }
    }

    private void RequireVideoQuota(string tenant, long bytes)
    {
        var options = _options.For(tenant);
        var limit = TenantShare.VideoBytes(options, tenant, _spaceBytes);
        if (SumOf(tenant).VideoBytes > limit - bytes)
        {
            throw TenantErrors.TooManyVideos(tenant, options.NameOf(nameof(options.MaxVideoBytes)), bytes, limit);
        }
    }

    private SpaceUse SumOf(string tenant)
    {
        var own = _uses.GetValueOrDefault(tenant);
        return _elsewhere.TryGetValue(tenant, out var other)
            ? own.Plus(new SpaceUse(other.VideoBytes, other.ResultBytes, 0))
            : own;
    }

    /// <summary>Changes a tenant's use; drops a tenant without any, so that former tenants use no memory.</summary>
    private void Change(string tenant, SpaceUse added)
    {
        var use = _uses.GetValueOrDefault(tenant).Plus(added);
        if (use == default)
        {
            _uses.Remove(tenant);
        }
        else
        {
            _uses[tenant] = use;
        }
    }
}

/// <summary>What a tenant uses.</summary>
/// <param name="VideoBytes">Size of its videos, and of those that its open uploads announced.</param>
/// <param name="ResultBytes">Size of its results.</param>
/// <param name="Uploads">Number of its open uploads.</param>
/// <param name="UploadBytes">The part of <paramref name="VideoBytes"/> that these uploads announced.</param>
internal readonly record struct SpaceUse(long VideoBytes, long ResultBytes, int Uploads, long UploadBytes = 0)
{
    /// <summary>The sum.</summary>
    public SpaceUse Plus(SpaceUse other) => new(
        VideoBytes + other.VideoBytes, ResultBytes + other.ResultBytes, Uploads + other.Uploads,
        UploadBytes + other.UploadBytes);
}

/// <summary>The bytes of a video that is being submitted.</summary>
/// <param name="space">Counts them.</param>
/// <param name="jobId">The job as it will be.</param>
/// <param name="tenant">Its tenant.</param>
internal sealed class VideoReservation(TenantSpace space, Guid jobId, string tenant) : IDisposable
{
    public Guid JobId => jobId;

    public string Tenant => tenant;

    /// <summary>The reserved bytes.</summary>
    public long Bytes { get; set; }

    /// <summary>Reserves the first bytes of the video, up to a size; those that are reserved already stay.</summary>
    /// <exception cref="ServiceException">TENANT_QUOTA_EXCEEDED.</exception>
    public void Take(long bytes) => space.Raise(this, bytes, isCounted: false);

    /// <summary>Takes over the bytes of an upload; its own count ends when it is removed.</summary>
    /// <param name="bytes">Its size.</param>
    /// <param name="uploadTenant">Its owner; only another tenant's bytes are checked.</param>
    /// <exception cref="ServiceException">TENANT_QUOTA_EXCEEDED.</exception>
    public void TakeUpload(long bytes, string uploadTenant) =>
        space.Raise(this, bytes, isCounted: uploadTenant == tenant);

    /// <summary>Reserves free space of the disk for bytes of the video that are written at once.</summary>
    /// <exception cref="ServiceException">STORAGE_FULL.</exception>
    public RoomReservation ReserveRoom(long bytes) => space.ReserveRoom(bytes);

    /// <inheritdoc />
    public void Dispose() => space.Release(this);
}
