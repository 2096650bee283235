namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Stores equal files once: the bytes have a name made of their content id in a folder of its own, and each user a hard
/// link. The file system's link count is the reference count, so no crash can make it wrong.
/// </summary>
/// <remarks>
/// Callers cannot tell from the time whether a file was stored before: bytes are durable before the lookup. Files are
/// deleted outside the lock: the deletion of many gigabytes can take seconds.
/// </remarks>
internal sealed class ContentAddressedFiles
{
    private const string FolderName = ".shared";
    private const string FreedPrefix = ".freed-";

    private readonly Lock _lock = new();
    private readonly string _folder;
    private readonly Action<string> _delete;

    /// <param name="root">The folder of the sharing files; all must be in one file system.</param>
    /// <param name="delete">Deletes a file and its bytes; null for the file system's own operation.</param>
    public ContentAddressedFiles(string root, Action<string>? delete = null)
    {
        _delete = delete ?? File.Delete;
        _folder = Path.Combine(root, FolderName);
        Directory.CreateDirectory(_folder);
        IsSupported = SupportsHardLinks();
    }

    /// <summary>Whether the file system has hard links and counts them.</summary>
    public bool IsSupported { get; }

    /// <summary>
    /// Gives a file its final name: as a link to an equal file if there is one, and later files can then share this one
    /// otherwise. The file keeps its current name too if it shares an equal one.
    /// </summary>
    /// <param name="file">The file; its bytes must be durable.</param>
    /// <param name="contentId">The same for files that can share their bytes.</param>
    /// <exception cref="IOException">The file could not be renamed or linked.</exception>
    public void GiveName(FileCommit file, string contentId)
    {
        var shared = PathOf(contentId);
        var length = file.File.Length;
        string? replaced;
        lock (_lock)
        {
            if (IsUsable(shared, length) && HardLink.TryCreate(shared, file.Path))
            {
                return;
            }

            // Missing, damaged, or at the file system's maximum number of links: this file replaces it.
            replaced = TakeAway(shared);
            HardLink.TryCreate(file.SourcePath, shared);
            file.GiveName();
        }

        if (replaced is not null)
        {
            _delete(replaced);
        }
    }

    /// <summary>Frees the bytes with this content id if no file uses them any more.</summary>
    public void Release(string contentId) => TryRemove([PathOf(contentId)]);

    /// <summary>
    /// Frees all bytes that no file uses any more; returns the count. The bytes of one file can have several ids, after
    /// a submission was cut off.
    /// </summary>
    public int RemoveUnused() => IsSupported
        ? Directory.EnumerateFiles(_folder).ToList().GroupBy(HardLink.NumberOf).Count(names => TryRemove([.. names]))
        : 0;

    /// <summary>Frees the bytes of a file if these are all its names.</summary>
    private bool TryRemove(IReadOnlyCollection<string> names)
    {
        List<string> freed;
        lock (_lock)
        {
            freed = HardLink.CountOf(names.First()) == names.Count ? [.. names.Select(TakeAway).OfType<string>()] : [];
        }

        freed.ForEach(_delete);
        return freed.Count > 0;
    }

    /// <summary>
    /// Takes a file's name away; returns the one under which its bytes are to be deleted, null if there is no file. A
    /// crash before their deletion leaves the file to <see cref="RemoveUnused"/>.
    /// </summary>
    private string? TakeAway(string path)
    {
        var freed = Path.Combine(_folder, $"{FreedPrefix}{Guid.NewGuid():N}");
        try
        {
            File.Move(path, freed);
            return freed;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private string PathOf(string contentId) => Path.Combine(_folder, StorageKey.Require(contentId));

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
