using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Files;
using ForegSyte.Video;
using Microsoft.Extensions.Options;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Inference.RemoteVideos;

/// <summary>Writes bytes into an open file at an offset.</summary>
internal delegate ValueTask CacheWriter(
    SafeFileHandle file, ReadOnlyMemory<byte> bytes, long offset, CancellationToken cancellationToken);

/// <summary>
/// The cache of remote videos on the local disk: bounded, the least recently used video is evicted first, and a video
/// that a call uses is never evicted. It survives restarts.
/// </summary>
internal sealed class VideoCache(
    IOptions<RemoteVideoOptions> options, DataDirectory dataDirectory, RangeClient client, ILogger<VideoCache> logger)
    : IHostedService, IDisposable
{
    private readonly CacheFolder _folder = new(options.Value, dataDirectory, logger);
    private readonly HashSet<CachedVideo> _videos = [];

    /// <summary>The videos that later calls can use, by their key.</summary>
    private readonly Dictionary<string, CachedVideo> _byKey = new(StringComparer.Ordinal);

    /// <summary>The videos that no call uses, the least recently used first.</summary>
    private readonly LinkedList<CachedVideo> _idle = [];

    private readonly Lock _lock = new();
    private long _used;

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

    /// <summary>Writes bytes of a video.</summary>
    public CacheWriter Writer { get; init; } = RandomAccess.WriteAsync;

    /// <summary>Takes the folder for this process and reads what it has.</summary>
    /// <exception cref="OptionsValidationException">The folder cannot be used; stops the start.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.IsEnabled)
        {
            _folder.Take();
            lock (_lock)
            {
                Load();
                EvictTo(options.Value.CacheBytes, options.Value.CacheVideos);
                _folder.CompareWithDisk(_used);
            }
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
            var video = isIdentified && _byKey.TryGetValue(key, out var known) && !known.IsStale ? known : null;
            if (video is not null && video.Size != remote.Size)
            {
                if (video.Users > 0)
                {
                    throw RemoteErrors.Changed(uri, "calls with its cache_key use a video of another size");
                }

                Evict(video);
                video = null;
            }

            if (video is null || !TryUse(video))
            {
                EvictTo(options.Value.CacheBytes, options.Value.CacheVideos - 1);
                video = Create(key, remote);
                video.IsStale = !isIdentified;
                _videos.Add(video);
                if (isIdentified)
                {
                    _byKey[key] = video;
                }
            }

            video.Users++;
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
            _idle.AddLast(video);
            if (video.IsStale || video.Bytes == 0)
            {
                Evict(video);
                return;
            }

            video.Dispose();
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

            EvictTo(limit - bytes, int.MaxValue);
            if (_used + bytes > limit)
            {
                throw RemoteErrors.CacheFull(limit);
            }

            _used += bytes;
        }
    }

    /// <summary>
    /// Writes bytes of a video that a call uses; while the disk is full, videos that no call uses are evicted.
    /// </summary>
    /// <exception cref="ServiceException">STORAGE_FULL.</exception>
    public async ValueTask WriteAsync(
        SafeFileHandle file, ReadOnlyMemory<byte> bytes, long offset, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await Writer(file, bytes, offset, cancellationToken);
                return;
            }
            catch (IOException failure)
            {
                if (!TryMakeRoom(failure))
                {
                    throw RemoteErrors.NotWritten(failure);
                }
            }
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
            _byKey.Clear();
            _idle.Clear();
        }

        _folder.Dispose();
    }

    /// <summary>Reads what earlier processes left; deletes what is incomplete.</summary>
    private void Load()
    {
        HashSet<string> known = [];
        foreach (var path in _folder.Videos())
        {
            if (CachedVideo.TryLoad(this, path) is { } video)
            {
                if (_byKey.TryGetValue(video.Key, out var older))
                {
                    Evict(older);
                }

                _byKey[video.Key] = video;
                _idle.AddLast(video);
                _videos.Add(video);
                _used += video.Bytes;
                known.UnionWith([path, BlockList.PathOf(path)]);
            }
        }

        _folder.DeleteExcept(known);
    }

    /// <summary>Evicts videos that no call uses, until the others take no more space and are not more.</summary>
    private void EvictTo(long bytes, int videos)
    {
        while ((_used > bytes || _videos.Count > videos) && _idle.First is { } oldest)
        {
            Evict(oldest.Value);
        }
    }

    /// <summary>Evicts the least recently used video after a failed write; false if that cannot help.</summary>
    private bool TryMakeRoom(IOException failure)
    {
        lock (_lock)
        {
            if (!FullDisk.IsCauseOf(failure) || _idle.First is not { } oldest)
            {
                return false;
            }

            logger.LogWarning(
                "The disk of the cache of remote videos is full; evicting {Path} ({Bytes} bytes)",
                oldest.Value.Path, oldest.Value.Bytes);
            Evict(oldest.Value);
            return true;
        }
    }

    /// <summary>Evicts a video that no call uses.</summary>
    private void Evict(CachedVideo video)
    {
        _videos.Remove(video);
        _idle.Remove(video);
        if (_byKey.TryGetValue(video.Key, out var known) && known == video)
        {
            _byKey.Remove(video.Key);
        }

        _used -= video.Bytes;
        video.Delete();
    }

    /// <summary>Opens a known video; false, and the video is evicted, if its file is gone.</summary>
    /// <exception cref="ServiceException">STORAGE_FULL: it cannot be opened.</exception>
    private bool TryUse(CachedVideo video)
    {
        try
        {
            video.Open();
            _idle.Remove(video);
            return true;
        }
        catch (FileNotFoundException)
        {
            Evict(video);
            return false;
        }
        catch (IOException failure)
        {
            throw RemoteErrors.NotWritten(failure);
        }
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
        while (true)
        {
            try
            {
                return CachedVideo.Create(this, _folder.NewPath(key), key, remote);
            }
            catch (IOException failure)
            {
                if (!TryMakeRoom(failure))
                {
                    throw RemoteErrors.NotWritten(failure);
                }
            }
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
}
