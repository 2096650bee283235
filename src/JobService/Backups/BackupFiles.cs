using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Backups;

/// <summary>
/// Copies the files of jobs between the storage folder and a backup. Files of the storage never change, so a hard link
/// is a copy that takes no space and no time; another file system gets the bytes.
/// </summary>
internal sealed class BackupFiles
{
    /// <summary>File of the storage that says which start of which database used it last.</summary>
    private const string GenerationName = ".generation";

    // The first copy of a file with several names, by its number in the storage.
    private readonly Dictionary<ulong, string> _copies = [];
    private long _files;
    private long _bytes;
    private long _copiedBytes;

    /// <summary>Number of files so far.</summary>
    public long Files => Interlocked.Read(ref _files);

    /// <summary>Size of these files.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Bytes that were copied; the others are hard links.</summary>
    public long CopiedBytes => Interlocked.Read(ref _copiedBytes);

    /// <summary>
    /// Adds the files that the jobs of a database need: videos, results of completed jobs, and segments of the others.
    /// </summary>
    /// <param name="storage">The storage folder of a running service, which deletes no files of jobs meanwhile.</param>
    /// <param name="folder">The folder for the files.</param>
    /// <param name="jobs">The jobs, and whether each is completed.</param>
    /// <param name="cancellationToken">Ends the copy between two files.</param>
    public void Save(
        string storage, string folder, IReadOnlyDictionary<Guid, bool> jobs, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in new DirectoryInfo(storage).EnumerateFiles())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (file.LinkTarget is null
                && ArtifactKeys.JobOf(file.Name) is { } jobId
                && jobs.TryGetValue(jobId, out var isCompleted)
                && IsNeeded(file.Name, isCompleted))
            {
                var target = Path.Combine(folder, file.Name);
                Add(file, target, target, ownNames: 2);
            }
        }

        var generation = new FileInfo(Path.Combine(storage, GenerationName));
        if (generation.Exists)
        {
            Copy(generation.FullName, Path.Combine(folder, GenerationName));
        }

        DiskSync.SyncFolder(folder);
    }

    /// <summary>
    /// Puts the files of a backup into a storage folder. Files that are there with the same size stay.
    /// </summary>
    public void Restore(string folder, string storage)
    {
        Directory.CreateDirectory(storage);
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles().Where(file => file.LinkTarget is null))
        {
            var target = Path.Combine(storage, file.Name);
            if (new FileInfo(target) is { Exists: true } present
                && (file.Name == GenerationName || present.Length == file.Length))
            {
                continue;
            }

            if (file.Name == GenerationName)
            {
                Copy(file.FullName, target);
                continue;
            }

            var temporary = Path.Combine(storage, $".{file.Name}.{Guid.NewGuid():N}.tmp");
            Add(file, temporary, target, ownNames: 1);
            File.Move(temporary, target, overwrite: true);
        }

        DiskSync.SyncFolder(storage);
    }

    private static bool IsNeeded(string key, bool isCompleted) =>
        ArtifactKeys.IsInterim(key) ? !isCompleted : isCompleted || !ArtifactKeys.IsOfResults(key);

    /// <summary>Links or copies a file. The segments of a running job can end meanwhile; it then runs them again.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="target">Its new name.</param>
    /// <param name="lastTarget">The name that it gets afterwards.</param>
    /// <param name="ownNames">
    /// Number of names of a video that only one job has: in the storage a second one, under which later jobs find it.
    /// </param>
    private void Add(FileInfo file, string target, string lastTarget, int ownNames)
    {
        try
        {
            var length = file.Length;
            if (!HardLink.TryCreate(file.FullName, target)
                && !TryLinkToCopy(file.FullName, target, lastTarget, ownNames))
            {
                Copy(file.FullName, target);
                Interlocked.Add(ref _copiedBytes, length);
            }

            Interlocked.Increment(ref _files);
            Interlocked.Add(ref _bytes, length);
        }
        catch (FileNotFoundException) when (ArtifactKeys.IsInterim(file.Name))
        {
        }
    }

    /// <summary>Links equal videos, which are one file in the storage, to their first copy.</summary>
    private bool TryLinkToCopy(string source, string target, string lastTarget, int ownNames)
    {
        if (!(HardLink.CountOf(source) > ownNames) || HardLink.NumberOf(source) is not { } number)
        {
            return false;
        }

        if (_copies.TryGetValue(number, out var copy) && HardLink.TryCreate(copy, target))
        {
            return true;
        }

        _copies[number] = lastTarget;
        return false;
    }

    private static void Copy(string source, string target)
    {
        File.Copy(source, target, overwrite: true);
        BackupManifest.Flush(target);
    }
}
