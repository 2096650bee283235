using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Video;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Inference.RemoteVideos;

/// <summary>
/// The fetched blocks of one remote video: a sparse file of its size, and beside it a list of the blocks with their
/// checksums. Several calls can fetch at the same time; each block is requested once.
/// </summary>
internal sealed class CachedVideo : IDisposable
{
    /// <summary>The unit of fetches; smaller ones would fetch less beside what is needed, but cost more requests.
    /// </summary>
    public const int BlockBytes = 64 * 1024;

    /// <summary>Blocks of one request, so that requests of one call run in parallel.</summary>
    private const int BlocksPerRequest = 128;

    private const int RequestsPerCall = 4;

    private readonly VideoCache _cache;
    private readonly Lock _lock = new();
    private readonly Lock _saveLock = new();
    private readonly Dictionary<int, uint> _blocks = [];
    private readonly HashSet<int> _unchecked = [];
    private readonly Dictionary<int, Task> _running = [];
    private string _etag;
    private bool _isSaved = true;
    private bool _isDeleted;

    /// <summary>Null while no call uses the video.</summary>
    private SafeFileHandle? _file;

    private CachedVideo(VideoCache cache, string path, string key, RemoteObject remote) =>
        (_cache, Path, Key, Size, _etag) = (cache, path, key, remote.Size, remote.ETag);

    /// <summary>Path of the sparse file.</summary>
    public string Path { get; }

    /// <summary>Identifies the content.</summary>
    public string Key { get; }

    /// <summary>Size of the whole video.</summary>
    public long Size { get; }

    /// <summary>Calls that use the video. <see cref="VideoCache"/> changes it.</summary>
    public int Users { get; set; }

    /// <summary>Whether no later call can use it: the object has changed, or nothing identifies it.</summary>
    public bool IsStale { get; set; }

    /// <summary>Whether its index must be read from the whole file.</summary>
    public bool IsReadWhole { get; set; }

    /// <summary>The sample tables, while calls use the video; null if not read, or if only the whole file can be used.
    /// </summary>
    public IReadOnlyList<SampleTable>? Tables { get; set; }

    /// <summary>Space of the fetched blocks.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return (long)_blocks.Count * BlockBytes;
            }
        }
    }

    /// <summary>Whether all bytes are there.</summary>
    public bool IsWhole
    {
        get
        {
            lock (_lock)
            {
                return _blocks.Count == BlockCount && _unchecked.Count == 0;
            }
        }
    }

    private int BlockCount => (int)((Size + BlockBytes - 1) / BlockBytes);

    /// <summary>Creates an empty entry, which is open.</summary>
    public static CachedVideo Create(VideoCache cache, string path, string key, RemoteObject remote)
    {
        var video = new CachedVideo(cache, path, key, remote);
        try
        {
            video.Open(FileMode.CreateNew);
            RandomAccess.SetLength(video._file!, remote.Size);
            return video;
        }
        catch (IOException)
        {
            video.Delete();
            throw;
        }
    }

    /// <summary>Reads the entry of an earlier process; null if its files do not fit together.</summary>
    public static CachedVideo? TryLoad(VideoCache cache, string path)
    {
        if (BlockList.TryRead(BlockList.PathOf(path)) is not { } list || new FileInfo(path).Length != list.Size)
        {
            return null;
        }

        var video = new CachedVideo(cache, path, list.Key, new RemoteObject(list.Size, list.ETag));
        foreach (var (block, checksum) in list.Checksums)
        {
            video._blocks[block] = checksum;
            video._unchecked.Add(block);
        }

        return video;
    }

    /// <summary>Opens the sparse file before the first use; <see cref="Dispose"/> closes it after the last.</summary>
    /// <exception cref="IOException">It is gone, or cannot be opened.</exception>
    public void Open(FileMode mode = FileMode.Open) => _file ??= File.OpenHandle(
        Path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Fetches the missing blocks of some ranges; waits for those that another call fetches.</summary>
    /// <exception cref="ServiceException">Those of <see cref="RangeClient.ReadAsync"/>, VIDEO_GONE, STORAGE_FULL,
    /// and those of <see cref="VideoCache.Reserve"/>.</exception>
    public async Task FetchAsync(
        RangeClient client, Uri uri, IEnumerable<ByteRange> ranges, CancellationToken cancellationToken)
    {
        var blocks = BlocksOf(ranges);
        while (true)
        {
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var (mine, others) = Claim(blocks, ended.Task);
            if (mine.Count == 0 && others.Count == 0)
            {
                return;
            }

            try
            {
                await FetchBlocksAsync(client, uri, mine, cancellationToken);
            }
            finally
            {
                lock (_lock)
                {
                    mine.ForEach(block => _running.Remove(block));
                }

                ended.SetResult();
            }

            // If the other call failed, this one fetches its blocks with its own uri.
            await Task.WhenAll(others).WaitAsync(cancellationToken);
        }
    }

    /// <summary>Reads fetched bytes.</summary>
    public int Read(Span<byte> bytes, long offset) => RandomAccess.Read(_file!, bytes, offset);

    /// <summary>Writes the list of the blocks, if it has changed.</summary>
    public void Save()
    {
        lock (_saveLock)
        {
            BlockList list;
            lock (_lock)
            {
                if (_isSaved || _isDeleted)
                {
                    return;
                }

                _isSaved = true;
                list = new BlockList(Key, _etag, Size, _blocks.ToDictionary());
            }

            list.Write(BlockList.PathOf(Path));
        }
    }

    /// <summary>Deletes the files; processes that have the video open can read on.</summary>
    public void Delete()
    {
        Dispose();
        lock (_saveLock)
        {
            _isDeleted = true;
            File.Delete(Path);
            File.Delete(BlockList.PathOf(Path));
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private (List<int> Mine, List<Task> Others) Claim(IReadOnlyList<int> blocks, Task ended)
    {
        List<int> mine = [];
        HashSet<Task> others = [];
        lock (_lock)
        {
            foreach (var block in blocks)
            {
                if (_running.TryGetValue(block, out var running))
                {
                    others.Add(running);
                }
                else if (!_blocks.ContainsKey(block) || _unchecked.Contains(block))
                {
                    mine.Add(block);
                    _running[block] = ended;
                }
            }
        }

        return (mine, [.. others]);
    }

    private async Task FetchBlocksAsync(
        RangeClient client, Uri uri, List<int> blocks, CancellationToken cancellationToken)
    {
        var missing = blocks.FindAll(block => !IsIntact(block));
        if (missing.Count == 0)
        {
            return;
        }

        var reserved = (long)missing.Count * BlockBytes;
        _cache.Reserve(this, reserved);
        try
        {
            await Parallel.ForEachAsync(
                RunsOf(missing),
                new ParallelOptions
                {
                    MaxDegreeOfParallelism = RequestsPerCall,
                    CancellationToken = cancellationToken,
                },
                async (run, token) => await FetchRunAsync(client, uri, run, token));
        }
        finally
        {
            var written = missing.Count(IsPresent);
            _cache.Return(reserved - ((long)written * BlockBytes));
        }
    }

    private async Task FetchRunAsync(
        RangeClient client, Uri uri, (int First, int Count) run, CancellationToken cancellationToken)
    {
        var buffer = new byte[BlockBytes];
        var (block, filled) = (run.First, 0);
        var start = (long)run.First * BlockBytes;
        var end = Math.Min(Size, start + ((long)run.Count * BlockBytes));
        await client.ReadAsync(
            uri, new ByteRange(start, end), remote => Check(uri, remote), WriteAsync, cancellationToken);

        async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            while (bytes.Length > 0)
            {
                var blockStart = (long)block * BlockBytes;
                var length = (int)Math.Min(BlockBytes, Size - blockStart);
                var taken = Math.Min(length - filled, bytes.Length);
                bytes[..taken].CopyTo(buffer.AsMemory(filled));
                (filled, bytes) = (filled + taken, bytes[taken..]);
                if (filled < length)
                {
                    continue;
                }

                await _cache.WriteAsync(_file!, buffer.AsMemory(0, length), blockStart, cancellationToken);
                lock (_lock)
                {
                    _blocks[block] = Crc32C.Of(buffer.AsSpan(0, length));
                    _isSaved = false;
                }

                (block, filled) = (block + 1, 0);
            }
        }
    }

    /// <summary>Checks that the server has the object of which the blocks are.</summary>
    private void Check(Uri uri, RemoteObject remote)
    {
        lock (_lock)
        {
            if (_etag.Length == 0 && _blocks.Count == 0)
            {
                _etag = remote.ETag;
            }

            if (remote.Size != Size)
            {
                IsStale = true;
                throw RemoteErrors.Changed(
                    uri, FormattableString.Invariant($"it has {remote.Size} bytes instead of {Size}"));
            }

            if (remote.ETag != _etag)
            {
                // The same content can be stored again under another tag, so the next attempt begins anew.
                IsStale = true;
                throw RemoteErrors.Unavailable(
                    uri, "the object was replaced (ETag) after its first bytes were read, which are dropped now");
            }
        }
    }

    /// <summary>Whether a block is there. One of an earlier process is compared with its checksum first.</summary>
    private bool IsIntact(int block)
    {
        uint checksum;
        lock (_lock)
        {
            if (!_unchecked.Contains(block))
            {
                return _blocks.ContainsKey(block);
            }

            checksum = _blocks[block];
        }

        var bytes = new byte[Math.Min(BlockBytes, Size - ((long)block * BlockBytes))];
        var isIntact = RandomAccess.Read(_file!, bytes, (long)block * BlockBytes) == bytes.Length
            && Crc32C.Of(bytes) == checksum;
        lock (_lock)
        {
            _unchecked.Remove(block);
            if (!isIntact)
            {
                _blocks.Remove(block);
                _isSaved = false;
            }
        }

        if (!isIntact)
        {
            _cache.Return(BlockBytes);
        }

        return isIntact;
    }

    private bool IsPresent(int block)
    {
        lock (_lock)
        {
            return _blocks.ContainsKey(block);
        }
    }

    private List<int> BlocksOf(IEnumerable<ByteRange> ranges)
    {
        var blocks = new SortedSet<int>();
        foreach (var range in ranges)
        {
            var last = (Math.Min(range.End, Size) - 1) / BlockBytes;
            for (var block = range.Start / BlockBytes; block <= last && range.End > range.Start; block++)
            {
                blocks.Add((int)block);
            }
        }

        return [.. blocks];
    }

    private static IEnumerable<(int First, int Count)> RunsOf(List<int> blocks)
    {
        for (int from = 0, to; from < blocks.Count; from = to)
        {
            for (to = from + 1;
                to < blocks.Count && blocks[to] == blocks[to - 1] + 1 && to - from < BlocksPerRequest;)
            {
                to++;
            }

            yield return (blocks[from], to - from);
        }
    }
}
