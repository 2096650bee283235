using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Storage;

/// <summary>A written file whose commit makes it durable under its final name.</summary>
/// <param name="File">The open file.</param>
/// <param name="SourcePath">Its current path.</param>
/// <param name="Path">Its final path, in the committer's folder.</param>
internal sealed record FileCommit(FileStream File, string SourcePath, string Path)
{
    /// <summary>The same for files that can share their bytes; null if this one shares them with no other.</summary>
    public string? ContentId { get; init; }

    /// <summary>Whether the file keeps its current name and gets the final one as another hard link.</summary>
    public bool KeepsSource { get; init; }

    /// <summary>Gives the file its final name.</summary>
    /// <exception cref="IOException">The file could not be renamed or linked.</exception>
    public void GiveName()
    {
        if (!KeepsSource)
        {
            System.IO.File.Move(SourcePath, Path, overwrite: true);
        }
        else if (!HardLink.TryCreate(SourcePath, Path))
        {
            throw new IOException($"No hard link {Path} to {SourcePath} could be made.");
        }
    }
}

/// <summary>
/// Group commit for the files of one folder: a batch's bytes are synced, then its files get their names, then the
/// folder is synced. A power loss at any time leaves either no file or a complete one under a name. The rate of durable
/// files grows with the number of callers instead of being limited by the rate of fsyncs (ADR 11).
/// </summary>
/// <remarks>fsync blocks, so a dedicated thread runs it and the thread pool stays free.</remarks>
internal sealed class FileCommitter : IAsyncDisposable
{
    /// <summary>
    /// Batches of at least this many files are synced with one syncfs(2) instead of an fsync each: on ext4, 8 small
    /// files took a quarter of the time. syncfs also writes other files, so an fsync is better for few.
    /// </summary>
    private const int MinFilesForSyncfs = 4;

    private const int MaxBatch = 512;

    /// <summary>Larger files are synced before they enter a batch, so that the others do not wait for them.</summary>
    private const long LargeFileBytes = 8L << 20;

    private readonly string _folder;
    private readonly ContentAddressedFiles? _shared;
    private readonly BlockingCollection<Pending> _pending = [];
    private readonly Task _running;
    private bool _isClosed;

    /// <param name="folder">The folder of all files.</param>
    /// <param name="shared">Stores equal files once; null if they are not shared.</param>
    public FileCommitter(string folder, ContentAddressedFiles? shared = null)
    {
        _folder = folder;
        _shared = shared;
        _running = Task.Factory.StartNew(
            Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Returns when the file is durable under its final name. A commit cannot be cancelled.</summary>
    /// <exception cref="IOException">The file could not be synced or renamed.</exception>
    public async Task CommitAsync(FileCommit file)
    {
        if (file.File.Length >= LargeFileBytes)
        {
            await Task.Factory.StartNew(
                () => DiskSync.SyncFile(file.File),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        var pending = new Pending(file);
        _pending.Add(pending);
        await pending.Completion.Task;
    }

    /// <summary>Commits the pending files and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isClosed, true))
        {
            return;
        }

        _pending.CompleteAdding();
        await _running;
        _pending.Dispose();
    }

    private void Run()
    {
        foreach (var first in _pending.GetConsumingEnumerable())
        {
            List<Pending> batch = [first];
            while (batch.Count < MaxBatch && _pending.TryTake(out var next))
            {
                batch.Add(next);
            }

            Commit(batch);
        }
    }

    private void Commit(List<Pending> batch)
    {
        SyncBytes(batch);
        batch.ForEach(pending => pending.Try(GiveName));
        try
        {
            DiskSync.SyncFolder(_folder);
        }
        catch (IOException failure)
        {
            batch.ForEach(pending => pending.Try(_ => throw failure));
        }

        batch.ForEach(pending => pending.Complete());
    }

    private void SyncBytes(List<Pending> batch)
    {
        try
        {
            if (batch.Count >= MinFilesForSyncfs && DiskSync.TrySyncFileSystem(_folder))
            {
                return;
            }
        }
        catch (IOException)
        {
            // syncfs does not tell which file failed, and it may be none of these: an fsync each does.
        }

        batch.ForEach(pending => pending.Try(commit => DiskSync.SyncFile(commit.File)));
    }

    private void GiveName(FileCommit commit)
    {
        if (commit.ContentId is { } contentId && _shared is not null)
        {
            _shared.GiveName(commit, contentId);
        }
        else
        {
            commit.GiveName();
        }
    }

    private sealed class Pending(FileCommit commit)
    {
        private Exception? _failure;

        // Continuations run elsewhere: this thread has the next batch to commit.
        public TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Runs a step unless an earlier one failed.</summary>
        public void Try(Action<FileCommit> step)
        {
            try
            {
                if (_failure is null)
                {
                    step(commit);
                }
            }
            catch (Exception failure)
            {
                _failure = failure;
            }
        }

        public void Complete()
        {
            if (_failure is null)
            {
                Completion.SetResult();
            }
            else
            {
                Completion.SetException(_failure);
            }
        }
    }
}

/// <summary>Syncs files, folders and file systems. A rename is only durable after an fsync of its folder.</summary>
/// <remarks>
/// On Unix these are the system calls: .NET's Flush(flushToDisk: true) and FlushToDisk ignore an fsync that fails with
/// EIO, and .NET cannot open folders. Windows journals names itself.
/// </remarks>
internal static class DiskSync
{
    private const int ReadOnly = 0;

    /// <summary>O_CLOEXEC of Linux: child processes such as ffmpeg do not inherit the handle.</summary>
    private const int CloseOnExec = 0x80000;

    /// <summary>First Linux whose syncfs reports write errors; see syncfs(2).</summary>
    private static readonly Version FirstToReportErrors = new(5, 8);

    /// <summary>Returns when the file's bytes are durable.</summary>
    /// <exception cref="IOException">The file could not be synced.</exception>
    public static void SyncFile(FileStream file)
    {
        file.Flush();
        SyncFile(file.SafeFileHandle, file.Name);
    }

    /// <summary>The same for an open file; its name is for the error.</summary>
    public static void SyncFile(SafeFileHandle file, string name)
    {
        if (OperatingSystem.IsWindows())
        {
            RandomAccess.FlushToDisk(file);
        }
        else if (Fsync(file) != 0)
        {
            throw Failure($"The file {name}");
        }
    }

    /// <summary>Returns when the folder's names are durable.</summary>
    /// <exception cref="IOException">The folder could not be opened or synced.</exception>
    public static void SyncFolder(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            Sync(path, Fsync);
        }
    }

    /// <summary>
    /// Returns true when everything written to the folder's file system is durable; false if the operating system
    /// cannot do this.
    /// </summary>
    /// <exception cref="IOException">The folder could not be opened, or some file, not necessarily the caller's, could
    /// not be written.</exception>
    public static bool TrySyncFileSystem(string path)
    {
        if (!OperatingSystem.IsLinux() || Environment.OSVersion.Version < FirstToReportErrors)
        {
            return false;
        }

        Sync(path, Syncfs);
        return true;
    }

    private static void Sync(string path, Func<SafeFileHandle, int> sync)
    {
        using var folder = Open(path, OperatingSystem.IsLinux() ? ReadOnly | CloseOnExec : ReadOnly);
        if (folder.IsInvalid || sync(folder) != 0)
        {
            throw Failure($"The folder {path}");
        }
    }

    private static IOException Failure(string what)
    {
        var errno = Marshal.GetLastPInvokeError();
        return new IOException($"{what} could not be synced: {Marshal.GetPInvokeErrorMessage(errno)}.", errno);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fsync(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Syncfs(SafeFileHandle file);
}

/// <summary>Creates and counts hard links, which .NET cannot do.</summary>
/// <remarks>statx(2) counts them, since its layout is the same on every processor.</remarks>
internal static class HardLink
{
    // linux/fcntl.h and linux/stat.h.
    private const int CurrentFolder = -100;
    private const int DoNotFollowLinks = 0x100;
    private const uint WantLinkCount = 0x4;
    private const uint WantNumber = 0x100;
    private const int StatLength = 256;
    private const int LinkCountOffset = 16;
    private const int NumberOffset = 32;

    /// <summary>Gives a file a second name; false if that failed.</summary>
    public static bool TryCreate(string existing, string path) =>
        OperatingSystem.IsLinux() && Link(existing, path) == 0;

    /// <summary>Number of the file's names; null if unknown.</summary>
    public static int? CountOf(string path) =>
        StatOf(path, WantLinkCount) is { } stat ? BitConverter.ToInt32(stat, LinkCountOffset) : null;

    /// <summary>The number of the file in its file system, which all its names have; null if unknown.</summary>
    public static ulong? NumberOf(string path) =>
        StatOf(path, WantNumber) is { } stat ? BitConverter.ToUInt64(stat, NumberOffset) : null;

    private static byte[]? StatOf(string path, uint wanted)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var stat = new byte[StatLength];
        return Stat(CurrentFolder, path, DoNotFollowLinks, wanted, stat) == 0
            && (BitConverter.ToUInt32(stat, 0) & wanted) != 0
                ? stat
                : null;
    }

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string existing, [MarshalAs(UnmanagedType.LPUTF8Str)] string path);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Stat(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] stat);
}
