using System.Collections.Concurrent;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Makes written files of one folder durable under their final names, those that wait at the same time together: their
/// bytes, then their names, so that a name never shows half a file, whatever loses power when. So the rate of durable
/// files grows with the number of callers and not with that of fsyncs.
/// </summary>
/// <remarks>
/// fsync blocks, for as long as the disk takes. A thread of its own keeps the thread pool free for those who wait.
/// </remarks>
internal sealed class FileCommits : IAsyncDisposable
{
    /// <summary>
    /// From that many files on, one syncfs(2) of the file system takes the place of an fsync each: measured on ext4,
    /// 8 small files together took a quarter of the time. It also writes what others have written there, so a single
    /// file is better off by itself.
    /// </summary>
    private const int SyncTogether = 4;

    private const int MostTogether = 512;

    /// <summary>Files of that size are synchronized by themselves, before the others could have to wait for them.
    /// </summary>
    private const long LargeFileBytes = 8L << 20;

    private readonly string _folder;
    private readonly ContentAddressedFiles? _shared;
    private readonly BlockingCollection<FileCommit> _pending = [];
    private readonly Task _running;
    private bool _isClosed;

    /// <param name="folder">The folder of all files.</param>
    /// <param name="shared">Where equal files share their bytes; null where they do not.</param>
    public FileCommits(string folder, ContentAddressedFiles? shared = null)
    {
        _folder = folder;
        _shared = shared;
        _running = Task.Factory.StartNew(
            Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>
    /// Moves a file to its final name; when the task completes, file and name are durable. It cannot be cancelled.
    /// </summary>
    /// <exception cref="IOException">The file could not be written or moved.</exception>
    public async Task CommitAsync(FileCommit file)
    {
        if (file.File.Length >= LargeFileBytes)
        {
            await Task.Factory.StartNew(
                () => FlushFile(file),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        _pending.Add(file);
        await file.Completion;
    }

    /// <summary>Commits what waits, and ends.</summary>
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
        var files = new List<FileCommit>(MostTogether);
        foreach (var first in _pending.GetConsumingEnumerable())
        {
            files.Clear();
            files.Add(first);
            while (files.Count < MostTogether && _pending.TryTake(out var next))
            {
                files.Add(next);
            }

            Commit(files);
        }
    }

    private void Commit(List<FileCommit> files)
    {
        FlushBytes(files);
        files.ForEach(file => file.Try(Place));
        try
        {
            DurableFolder.Flush(_folder);
        }
        catch (IOException failure)
        {
            files.ForEach(file => file.Try(_ => throw failure));
        }

        files.ForEach(file => file.End());
    }

    private void Place(FileCommit file)
    {
        if (file.Sha256 is { } sha256 && _shared?.TryShare(file, sha256) == true)
        {
            return;
        }

        if (!file.IsKept)
        {
            File.Move(file.TemporaryPath, file.Path, overwrite: true);
        }
        else if (!HardLink.TryCreate(file.TemporaryPath, file.Path))
        {
            throw new IOException($"{file.TemporaryPath} could not get the name {file.Path} as well.");
        }
    }

    private void FlushBytes(List<FileCommit> files)
    {
        try
        {
            if (files.Count >= SyncTogether && DurableFolder.TryFlushFileSystem(_folder))
            {
                return;
            }
        }
        catch (IOException)
        {
            // Which file is the cause shows when each is synchronized by itself; it may be none of these.
        }

        files.ForEach(file => file.Try(FlushFile));
    }

    private static void FlushFile(FileCommit file) => file.File.Flush(flushToDisk: true);
}
