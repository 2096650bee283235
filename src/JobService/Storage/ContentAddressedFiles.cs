namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Stores equal files once: the bytes have a name made of their hash in a folder of its own, and each user a hard link.
/// The file system's link count is the reference count, so no crash can make it wrong.
/// </summary>
/// <remarks>
/// Callers cannot tell whether a file was stored before, not even by timing: bytes are durable before the lookup. Nor
/// by the free space: <see cref="Reserve"/> can answer as if each user had a copy. Each step that adds or removes a
/// name changes free space and shared bytes under one lock, so that their difference shows no intermediate state.
/// </remarks>
internal sealed class ContentAddressedFiles
{
    private const string FolderName = ".shared";

    private readonly Lock _lock = new();
    private readonly string _folder;
    private long _sharedBytes;
    private long _reservedBytes;

    /// <param name="root">The folder of the sharing files; all must be in one file system.</param>
    public ContentAddressedFiles(string root)
    {
        _folder = Path.Combine(root, FolderName);
        Directory.CreateDirectory(_folder);
        IsSupported = SupportsHardLinks();
    }

    /// <summary>Whether the file system has hard links and counts them.</summary>
    public bool IsSupported { get; }

    /// <summary>Size of the users' files less the size of the different ones.</summary>
    public long SharedBytes
    {
        get
        {
            lock (_lock)
            {
                return Math.Max(0, _sharedBytes);
            }
        }
    }

    /// <summary>Adds what files of earlier processes share.</summary>
    public void Count(long sharedBytes)
    {
        lock (_lock)
        {
            _sharedBytes += sharedBytes;
        }
    }

    /// <summary>Adds what one file of an earlier process shares.</summary>
    public void Count(string path)
    {
        lock (_lock)
        {
            _sharedBytes += SavedBy(path);
        }
    }

    /// <summary>Reserves free space until the result is disposed; null if too little would be left.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="freeBytes">Free space of the disk.</param>
    /// <param name="minFreeBytes">Free space that must remain.</param>
    /// <param name="asUnshared">Whether each user of shared bytes counts as if it had a copy.</param>
    public IDisposable? Reserve(long bytes, Func<long> freeBytes, long minFreeBytes, bool asUnshared)
    {
        lock (_lock)
        {
            var free = freeBytes() - _reservedBytes - (asUnshared ? Math.Max(0, _sharedBytes) : 0);
            if (free - bytes < minFreeBytes)
            {
                return null;
            }

            _reservedBytes += bytes;
            return new RoomReservation(() => Release(bytes));
        }
    }

    /// <summary>
    /// Gives a file its final name: as a link to an equal file if there is one, and later files can then share this one
    /// otherwise.
    /// </summary>
    /// <param name="file">The file; its bytes must be durable.</param>
    /// <param name="sha256">SHA-256 of its bytes.</param>
    /// <exception cref="IOException">The file could not be renamed or linked.</exception>
    public void GiveName(FileCommit file, string sha256)
    {
        var shared = PathOf(sha256);
        var length = file.File.Length;
        lock (_lock)
        {
            if (IsUsable(shared, length) && HardLink.TryCreate(shared, file.Path))
            {
                _sharedBytes += length;
                if (!file.KeepsSource)
                {
                    // The disk has the space again when the file is closed too.
                    file.File.Dispose();
                    DeleteCounted(file.SourcePath);
                }

                return;
            }

            // Missing, damaged, or at the file system's maximum number of links: this file replaces it.
            File.Delete(shared);
            var isShared = HardLink.TryCreate(file.SourcePath, shared);
            file.GiveName();
            if (isShared && file.KeepsSource)
            {
                _sharedBytes += length;
            }
        }
    }

    /// <summary>Gives an artifact a second name; false if that failed.</summary>
    public bool TryLink(string existing, string path)
    {
        lock (_lock)
        {
            if (!HardLink.TryCreate(existing, path))
            {
                return false;
            }

            _sharedBytes += new FileInfo(path).Length;
            return true;
        }
    }

    /// <summary>Deletes the name of a user, or a file that shares nothing; does nothing if it does not exist.</summary>
    public void Delete(string path)
    {
        lock (_lock)
        {
            DeleteCounted(path);
        }
    }

    /// <summary>Frees the bytes with this hash if no file uses them any more.</summary>
    public void Release(string sha256) => TryRemove(PathOf(sha256));

    /// <summary>Frees all bytes that no file uses any more; returns the count.</summary>
    public int RemoveUnused() => IsSupported ? Directory.EnumerateFiles(_folder).ToList().Count(TryRemove) : 0;

    private void Release(long reservedBytes)
    {
        lock (_lock)
        {
            _reservedBytes -= reservedBytes;
        }
    }

    private void DeleteCounted(string path)
    {
        var saved = SavedBy(path);
        File.Delete(path);
        _sharedBytes -= saved;
    }

    /// <summary>Size of a file that others share: it has more names than this one and its hash.</summary>
    private static long SavedBy(string path) =>
        new FileInfo(path) is { Exists: true, Length: var length } && HardLink.CountOf(path) > 2 ? length : 0;

    private bool TryRemove(string path)
    {
        lock (_lock)
        {
            if (HardLink.CountOf(path) != 1)
            {
                return false;
            }

            File.Delete(path);
            return true;
        }
    }

    private string PathOf(string sha256) => Path.Combine(_folder, StorageKey.Require(sha256));

    private static bool IsUsable(string path, long length) =>
        new FileInfo(path) is { Exists: true, LinkTarget: null } shared && shared.Length == length;

    private bool SupportsHardLinks()
    {
        var (first, second) = (Path.Combine(_folder, ".first"), Path.Combine(_folder, ".second"));
        File.Delete(second);
        File.WriteAllBytes(first, []);
        var isSupported = HardLink.TryCreate(first, second) && HardLink.CountOf(first) == 2;
        File.Delete(second);
        File.Delete(first);
        return isSupported;
    }
}

/// <summary>Free space that is reserved until this is disposed.</summary>
internal sealed class RoomReservation(Action release) : IDisposable
{
    private bool _isReleased;

    /// <summary>A reservation of nothing.</summary>
    public static RoomReservation None { get; } = new(() => { });

    /// <inheritdoc />
    public void Dispose()
    {
        if (!Interlocked.Exchange(ref _isReleased, true))
        {
            release();
        }
    }
}
