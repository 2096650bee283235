using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Video;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.RemoteVideos;

/// <summary>
/// The cache of remote videos on the local disk: bounded, the least recently used video is evicted first, and a video
/// that a call uses is never evicted. It survives restarts.
/// </summary>
internal sealed class VideoCache(
    IOptions<RemoteVideoOptions> options, DataDirectory dataDirectory, RangeClient client, ILogger<VideoCache> logger)
    : IHostedService, IDisposable
{
    private const string LockName = "lock";
    private const string Extension = ".mp4";
    private const UnixFileMode OnlyTheService =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly List<CachedVideo> _videos = [];
    private readonly Lock _lock = new();
    private FileStream? _folderLock;
    private long _used;
    private long _uses;

    /// <summary>Space that the fetched blocks take, and that running fetches have reserved.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_lock)
            {
                return _used;
            }
        }
    }

    private string Folder => options.Value.CacheDirectory.Length > 0
        ? CanonicalPath.Resolve(options.Value.CacheDirectory)
        : dataDirectory.File("video_cache");

    /// <summary>Takes the folder for this process and reads what it has.</summary>
    /// <exception cref="OptionsValidationException">The folder cannot be used; stops the start.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.IsEnabled)
        {
            Open();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Opens a video for a call, which disposes it.</summary>
    /// <param name="uri">The uri, from <see cref="RemoteLocations"/>.</param>
    /// <param name="cacheKey">Identifies the content; empty if the caller gave none.</param>
    /// <param name="sizeBytes">Size of the video; 0 if unknown.</param>
    /// <param name="cancellationToken">Ends the request for what is not given.</param>
    /// <exception cref="ServiceException">
    /// Those of <see cref="RangeClient.ReadAsync"/>; VIDEO_GONE: the size is another one; VIDEO_LIMIT_EXCEEDED.
    /// </exception>
    public async Task<RemoteVideo> OpenAsync(
        Uri uri, string cacheKey, long sizeBytes, CancellationToken cancellationToken)
    {
        var remote = new RemoteObject(sizeBytes, "");
        if (cacheKey.Length == 0 || sizeBytes == 0)
        {
            remote = await AskAsync(uri, cancellationToken);
            if (sizeBytes > 0 && remote.Size != sizeBytes)
            {
                throw RemoteErrors.Changed(uri, "it has another size than size_bytes");
            }
        }

        if (remote.Size / CachedVideo.BlockBytes >= int.MaxValue)
        {
            throw RemoteErrors.LargerThanCache(remote.Size, options.Value.CacheBytes);
        }

        // Without a key, the same address with the same entity tag is the same content.
        var isIdentified = cacheKey.Length > 0 || remote.ETag.Length > 0;
        var key = cacheKey.Length > 0 ? "key " + cacheKey
            : $"uri {uri.GetLeftPart(UriPartial.Path)} {remote.ETag}";
        lock (_lock)
        {
            var video = isIdentified ? _videos.Find(one => one.Key == key && !one.IsStale) : null;
            if (video is not null && video.Size != remote.Size)
            {
                if (video.Users > 0)
                {
                    throw RemoteErrors.Changed(uri, "calls with its cache_key use a video of another size");
                }

                Evict(video);
                video = null;
            }

            if (video is null)
            {
                video = Create(key, remote);
                video.IsStale = !isIdentified;
                _videos.Add(video);
            }

            video.Users++;
            video.LastUse = ++_uses;
            return new RemoteVideo(this, video, client, uri);
        }
    }

    /// <summary>Ends the use of a video by a call.</summary>
    public void Release(CachedVideo video)
    {
        lock (_lock)
        {
            if (--video.Users > 0)
            {
                return;
            }

            video.Tables = null;
            if (video.IsStale)
            {
                Evict(video);
                return;
            }
        }

        Save(video);
    }

    /// <summary>Makes room for blocks that a call is about to fetch.</summary>
    /// <param name="video">The video.</param>
    /// <param name="bytes">Space of the blocks.</param>
    /// <exception cref="ServiceException">
    /// VIDEO_LIMIT_EXCEEDED: the video needs more than the whole cache; INFERENCE_BUSY: the rest is in use.
    /// </exception>
    public void Reserve(CachedVideo video, long bytes)
    {
        var limit = options.Value.CacheBytes;
        lock (_lock)
        {
            if (video.Bytes + bytes > limit)
            {
                throw RemoteErrors.LargerThanCache(video.Bytes + bytes, limit);
            }

            EvictTo(limit - bytes);
            if (_used + bytes > limit)
            {
                throw RemoteErrors.CacheFull(limit);
            }

            _used += bytes;
        }
    }

    /// <summary>Returns space that was reserved and not written, or whose block is lost.</summary>
    public void Return(long bytes)
    {
        lock (_lock)
        {
            _used -= bytes;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var video in _videos)
            {
                if (!video.IsStale)
                {
                    Save(video);
                }

                video.Dispose();
            }

            _videos.Clear();
        }

        _folderLock?.Dispose();
    }

    private void Open()
    {
        var folder = Folder;
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder, OnlyTheService);
            }

            Directory.CreateDirectory(folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Refused($"The folder {folder} cannot be created or used. Give its permissions to the service, or "
                + "set another one");
        }

        try
        {
            _folderLock = new FileStream(
                Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Refused($"Another process uses the folder {folder}, or the service cannot write to it. Give each "
                + "InferenceService a folder of its own");
        }

        lock (_lock)
        {
            Load(folder);
            EvictTo(options.Value.CacheBytes);
        }
    }

    private void Load(string folder)
    {
        var known = new HashSet<string> { Path.Combine(folder, LockName) };
        foreach (var path in Directory.GetFiles(folder, "*" + Extension)
            .OrderBy(path => File.GetLastWriteTimeUtc(BlockList.PathOf(path))))
        {
            if (CachedVideo.TryLoad(this, path) is { } video)
            {
                video.LastUse = ++_uses;
                _videos.Add(video);
                _used += video.Bytes;
                known.UnionWith([path, BlockList.PathOf(path)]);
            }
        }

        foreach (var path in Directory.GetFiles(folder).Where(IsOurs).Except(known))
        {
            logger.LogInformation("Cached video dropped, because its files are not complete: {Path}", path);
            File.Delete(path);
        }
    }

    /// <summary>Whether a file is one of the cache, so that a wrong folder loses nothing.</summary>
    private static bool IsOurs(string path) =>
        Path.GetFileName(path).Split('.') is [{ Length: 65 } name, "mp4", ..]
        && name.All(letter => char.IsAsciiHexDigitLower(letter) || letter == '-');

    private void EvictTo(long bytes)
    {
        while (_used > bytes && _videos.Where(video => video.Users == 0).MinBy(video => video.LastUse) is { } oldest)
        {
            Evict(oldest);
        }
    }

    private void Evict(CachedVideo video)
    {
        _videos.Remove(video);
        _used -= video.Bytes;
        video.Delete();
    }

    private void Save(CachedVideo video)
    {
        try
        {
            video.Save();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The blocks stay usable for this process; the next one fetches them again.
            logger.LogWarning(failure, "List of cached blocks not written: {Path}", video.Path);
        }
    }

    private CachedVideo Create(string key, RemoteObject remote)
    {
        try
        {
            return CachedVideo.Create(this, NewPath(key), key, remote);
        }
        catch (IOException failure)
        {
            throw RemoteErrors.DiskFull(failure);
        }
    }

    private async Task<RemoteObject> AskAsync(Uri uri, CancellationToken cancellationToken)
    {
        var answer = new RemoteObject(0, "");
        await client.ReadAsync(
            uri, new ByteRange(0, 1), remote => answer = remote, _ => ValueTask.CompletedTask,
            cancellationToken);
        return answer;
    }

    /// <summary>A new name for each entry: an index that is cached under the path never meets other content.</summary>
    private string NewPath(string key) => Path.Combine(
        Folder,
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16)) + "-"
            + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture) + Extension);

    private static OptionsValidationException Refused(string problem) => new(
        RemoteVideoOptions.Section,
        typeof(RemoteVideoOptions),
        [$"{problem} (option {RemoteVideoOptions.Section}:{nameof(RemoteVideoOptions.CacheDirectory)})."]);
}
