namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Keeps equal files once: each has a name made of its hash, in a folder of its own, and a hard link for everything
/// that has these bytes. The file system's count of names is the count of users, so that no crash can make it wrong:
/// the bytes live as long as one name does, and a name under which nobody else has them is removed.
/// </summary>
/// <remarks>
/// Whether a file was there already is told to nobody, and its bytes are durable before it is looked for. So what a
/// caller sees, the time included, does not tell whether somebody else has the same video.
/// </remarks>
internal sealed class ContentAddressedFiles
{
    private const string FolderName = ".shared";

    private readonly Lock _lock = new();
    private readonly string _folder;

    /// <param name="root">The folder of the files that share; its file system has to be that of all of them.</param>
    public ContentAddressedFiles(string root)
    {
        _folder = Path.Combine(root, FolderName);
        Directory.CreateDirectory(_folder);
        IsSupported = Try();
    }

    /// <summary>Whether the file system can give a file several names and count them.</summary>
    public bool IsSupported { get; }

    /// <summary>
    /// Gives a file its final name by sharing the bytes of an equal one; false where there is none, and this one is
    /// now there for others.
    /// </summary>
    /// <param name="file">The file, whose bytes are durable.</param>
    /// <param name="sha256">SHA-256 of its bytes.</param>
    public bool TryShare(FileCommit file, string sha256)
    {
        var shared = PathOf(sha256);
        lock (_lock)
        {
            if (IsSame(shared, file.File.Length) && HardLink.TryCreate(shared, file.Path))
            {
                return true;
            }

            // Not there, damaged, or with as many names as a file can have: this one takes its place.
            File.Delete(shared);
            HardLink.TryCreate(file.TemporaryPath, shared);
            return false;
        }
    }

    /// <summary>Removes the bytes with a hash if nobody has them any more.</summary>
    public void Release(string sha256) => TryRemove(PathOf(sha256));

    /// <summary>Removes all bytes that nobody has any more; returns how many files that were.</summary>
    public int RemoveUnused() => IsSupported ? Directory.EnumerateFiles(_folder).ToList().Count(TryRemove) : 0;

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

    private static bool IsSame(string path, long length) =>
        new FileInfo(path) is { Exists: true, LinkTarget: null } shared && shared.Length == length;

    private bool Try()
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
