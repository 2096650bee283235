using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Backups;

/// <summary>Where backups of the running service go. Section "Backup".</summary>
internal sealed class BackupOptions
{
    public const string Section = "Backup";

    /// <summary>Default name of the folder in DataDirectory.</summary>
    public const string DefaultFolderName = "backups";

    /// <value>Absolute path of the folder, with a folder for each backup. Default: backups in DataDirectory.</value>
    public string Directory { get; set; } = "";
}

/// <summary>The complete backups in the folder.</summary>
internal sealed class BackupFolder(IOptions<BackupOptions> options)
{
    /// <summary>
    /// Whether backups are hard links to files of the storage: deleting jobs then frees no space.
    /// </summary>
    public bool HoldsFiles => Directory.Exists(options.Value.Directory)
        && Directory.EnumerateDirectories(options.Value.Directory)
            .Select(BackupManifest.TryRead)
            .Any(manifest => manifest is not null && manifest.CopiedBytes < manifest.FileBytes);
}

/// <summary>
/// Makes backups while the service runs, one at a time: a copy of the database as of one moment, then the files of the
/// jobs in it. From before the copy until the end no artifact of a job is deleted. A backup gets its name when it is
/// complete and durable, so that a crash leaves none that is incomplete.
/// </summary>
/// <param name="readers">The database; null if the jobs are not in DuckDB.</param>
/// <param name="storage">The storage of the artifacts.</param>
/// <param name="hold">Keeps the artifacts of deleted jobs.</param>
/// <param name="options">Where backups go.</param>
/// <param name="stop">Ends the backup when the service stops.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs the ends of backups.</param>
internal sealed class BackupRunner(
    DuckDbReaders? readers, IStorage storage, DeletionHold hold, IOptions<BackupOptions> options, GracefulShutdown stop,
    TimeProvider time, ILogger<BackupRunner> logger) : IAsyncDisposable
{
    private const string UnfinishedSuffix = ".unfinished";

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closing =
        CancellationTokenSource.CreateLinkedTokenSource(stop.GraceOver);

    private RunningBackup? _latest;

    /// <summary>Begins a backup, unless the one with this id exists; returns its state.</summary>
    /// <param name="backupId">A name for a folder.</param>
    /// <exception cref="ServiceException">
    /// UNIMPLEMENTED, TOO_MANY_CALLS, INVALID_FIELD or SHUTTING_DOWN.
    /// </exception>
    public Backup Begin(string backupId)
    {
        if (readers is null || storage.Folder is null)
        {
            throw new ServiceException(
                ErrorReason.Unimplemented,
                "This server cannot back itself up: its jobs are in PostgreSQL or its videos in object storage. Back "
                + "up PostgreSQL with its own tools (pg_dump, or a base backup with its log), and the bucket with "
                + "those of the object storage.");
        }

        lock (_lock)
        {
            stop.ThrowIfStopping();
            var folder = FolderOf(backupId);
            if (_latest is { } latest && (latest.BackupId == backupId || latest.State == BackupState.Running))
            {
                return latest.BackupId == backupId ? latest.Describe(folder) : throw AnotherRuns(latest.BackupId);
            }

            if (Directory.Exists(folder))
            {
                return Describe(backupId, folder) ?? throw ServiceException.InvalidField(
                    "backup_id",
                    "Backup:Directory has a folder of this name without a complete backup. Choose another backup_id, "
                    + "or delete the folder.",
                    backupId);
            }

            var running = _latest = new RunningBackup(backupId, time.GetUtcNow());
            running.Task = Task.Factory.StartNew(
                () => RunAsync(running, folder), CancellationToken.None, TaskCreationOptions.LongRunning,
                TaskScheduler.Default).Unwrap();
            return running.Describe(folder);
        }
    }

    /// <summary>Ends a running backup.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        if (_latest is { } latest)
        {
            await latest.Task;
        }

        _closing.Dispose();
    }

    private async Task RunAsync(RunningBackup backup, string folder)
    {
        var unfinished = Path.Combine(options.Value.Directory, $".{backup.BackupId}{UnfinishedSuffix}");
        try
        {
            using (hold.Take())
            {
                RemoveUnfinished();
                Directory.CreateDirectory(unfinished);
                await storage.RemoveUnsharedAsync(_closing.Token);
                await WriteAsync(backup, unfinished, _closing.Token);
                Directory.Move(unfinished, folder);
                DiskSync.SyncFolder(options.Value.Directory);
            }

            backup.End(time.GetUtcNow(), error: null);
            logger.LogInformation(
                "Backup {BackupId} completed: {Jobs} jobs, {Files} files, {Bytes} bytes, of which {CopiedBytes} were "
                + "copied", backup.BackupId, backup.Jobs, backup.Files.Files, backup.Files.Bytes,
                backup.Files.CopiedBytes);
        }
        catch (Exception failure)
        {
            RemoveUnfinished();
            backup.End(time.GetUtcNow(), ErrorOf(failure));
            logger.LogError(failure, "Backup {BackupId} failed", backup.BackupId);
        }
    }

    private async Task WriteAsync(RunningBackup backup, string folder, CancellationToken cancellationToken)
    {
        var database = Path.Combine(folder, BackupManifest.DatabaseName);
        var copied = await readers!.CopyAsync(database, cancellationToken);
        BackupManifest.Flush(database);
        backup.SetDatabase(copied.Jobs.Count, new FileInfo(database).Length);
        backup.Files.Save(
            storage.Folder!, Path.Combine(folder, BackupManifest.FilesName), copied.Jobs, cancellationToken);
        var manifest = new BackupManifest(
            backup.StartedAt, copied.SchemaVersion, copied.Jobs.Count, backup.DatabaseBytes,
            BackupManifest.HashOf(database))
        {
            EndedAt = time.GetUtcNow(),
            FileCount = backup.Files.Files,
            FileBytes = backup.Files.Bytes,
            CopiedBytes = backup.Files.CopiedBytes,
        };
        manifest.Write(folder);
        DiskSync.SyncFolder(folder);
    }

    /// <summary>Deletes what failed or crashed backups left.</summary>
    private void RemoveUnfinished()
    {
        if (!Directory.Exists(options.Value.Directory))
        {
            return;
        }

        try
        {
            foreach (var left in Directory.EnumerateDirectories(options.Value.Directory, $".*{UnfinishedSuffix}"))
            {
                Directory.Delete(left, recursive: true);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning(failure, "Files of an unfinished backup in {Folder} remain", options.Value.Directory);
        }
    }

    private string FolderOf(string backupId) => Path.Combine(options.Value.Directory, backupId);

    private static Backup? Describe(string backupId, string folder) => BackupManifest.TryRead(folder) is { } manifest
        ? new Backup(
            backupId, folder, BackupState.Completed, manifest.CreatedAt, manifest.EndedAt ?? manifest.CreatedAt,
            manifest.JobCount, manifest.FileCount, manifest.SizeBytes + manifest.FileBytes, manifest.CopiedBytes, "")
        : null;

    private static string ErrorOf(Exception failure) => failure switch
    {
        OperationCanceledException => "The service stopped before the backup was complete.",
        IOException full when DiskFull.Is(full) =>
            "The disk of the backup is full (option Backup:Directory). Free space on it, or choose another folder.",
        IOException or UnauthorizedAccessException => failure.Message,
        _ => "The backup failed unexpectedly. The log has the cause.",
    };

    private static ServiceException AnotherRuns(string backupId) => new(
        ErrorReason.TooManyCalls,
        $"The backup \"{backupId}\" is running, and only one runs at a time. Try again later.")
    {
        RetryAfter = TimeSpan.FromSeconds(5),
    };

    /// <summary>A backup that this process began.</summary>
    private sealed class RunningBackup(string backupId, DateTimeOffset startedAt)
    {
        private readonly Lock _lock = new();
        private BackupState _state = BackupState.Running;
        private DateTimeOffset? _endedAt;
        private string _error = "";
        private long _jobs;
        private long _databaseBytes;

        public string BackupId => backupId;

        public DateTimeOffset StartedAt => startedAt;

        public BackupFiles Files { get; } = new();

        public Task Task { get; set; } = Task.CompletedTask;

        public long Jobs => Interlocked.Read(ref _jobs);

        public long DatabaseBytes => Interlocked.Read(ref _databaseBytes);

        public BackupState State
        {
            get
            {
                lock (_lock)
                {
                    return _state;
                }
            }
        }

        public void SetDatabase(long jobs, long bytes)
        {
            Interlocked.Exchange(ref _jobs, jobs);
            Interlocked.Exchange(ref _databaseBytes, bytes);
        }

        public void End(DateTimeOffset now, string? error)
        {
            lock (_lock)
            {
                _state = error is null ? BackupState.Completed : BackupState.Failed;
                (_endedAt, _error) = (now, error ?? "");
            }
        }

        public Backup Describe(string folder)
        {
            lock (_lock)
            {
                return new Backup(
                    backupId, folder, _state, startedAt, _endedAt, Jobs, Files.Files, DatabaseBytes + Files.Bytes,
                    Files.CopiedBytes, _error);
            }
        }
    }
}

/// <summary>The state of a backup.</summary>
/// <param name="BackupId">Its id.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="State">Whether it is complete.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When it ended; null while it runs.</param>
/// <param name="Jobs">Jobs in its database.</param>
/// <param name="Files">Files so far.</param>
/// <param name="Bytes">Size of the files and the database so far.</param>
/// <param name="CopiedBytes">Bytes of files that were copied; the others are hard links.</param>
/// <param name="Error">Why it failed; empty otherwise.</param>
internal sealed record Backup(
    string BackupId, string Folder, BackupState State, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, long Jobs,
    long Files, long Bytes, long CopiedBytes, string Error);
