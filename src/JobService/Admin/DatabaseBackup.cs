using System.Globalization;
using DuckDB.NET.Data;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Backups;
using ForegSyte.Jobs.Storage;
using ForegSyte.Protocol.Text;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Admin;

/// <summary>
/// Copies the database of a stopped service into a folder. The backup of a running service has the files of its jobs
/// too.
/// </summary>
internal static class DatabaseBackup
{
    /// <summary>Writes a backup into a new or empty folder.</summary>
    public static int Write(IOptions<DatabaseOptions> options, string folder, TimeProvider time, TextWriter output)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new AdminException($"The folder {folder} is not empty. Choose a new or empty folder.");
        }

        if (!File.Exists(options.Value.Path))
        {
            throw new AdminException($"The database {options.Value.Path} does not exist. Check DataDirectory.");
        }

        Directory.CreateDirectory(folder);
        var copy = Path.Combine(folder, BackupManifest.DatabaseName);
        var copied = Copy(options, copy, time);
        BackupManifest.Flush(copy);
        var manifest = new BackupManifest(
            time.GetUtcNow(), copied.SchemaVersion, copied.Jobs.Count, new FileInfo(copy).Length,
            BackupManifest.HashOf(copy));
        manifest.Write(folder);
        DiskSync.SyncFolder(folder);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{manifest.JobCount} jobs, {manifest.SizeBytes} bytes, sha256 {manifest.Sha256}"));
        output.WriteLine($"written to {folder}. It contains only the database: copy the storage folder too.");
        return 0;
    }

    private static CopiedDatabase Copy(IOptions<DatabaseOptions> options, string copy, TimeProvider time)
    {
        using var database = new DuckDbDatabase(options, time);
        using var connection = database.Connect();
        connection.Execute("CHECKPOINT");
        return DatabaseCopy.Write(connection, copy);
    }
}

/// <summary>
/// Replaces the database with a backup, after it has added the files of the backup to the storage folder. The current
/// database is set aside, never deleted; files of the storage stay.
/// </summary>
internal static class DatabaseRestore
{
    /// <summary>Restores a backup.</summary>
    /// <param name="options">The database to replace.</param>
    /// <param name="storage">The storage folder; null if artifacts are not stored as files.</param>
    /// <param name="folder">The folder of the backup.</param>
    /// <param name="time">The clock.</param>
    /// <param name="output">Where the outcome is written.</param>
    public static int Run(
        IOptions<DatabaseOptions> options, string? storage, string folder, TimeProvider time, TextWriter output)
    {
        var manifest = BackupManifest.ReadAndCheck(folder);
        var path = CanonicalPath.Resolve(options.Value.Path);
        DatabaseFile.RequireFree(options, path);
        var arriving = path + ".restoring";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Copy(Path.Combine(folder, BackupManifest.DatabaseName), arriving, overwrite: true);
        if (BackupManifest.HashOf(arriving) != manifest.Sha256)
        {
            throw new AdminException(
                $"The copy {arriving} differs from the backup. Nothing was changed. Check the disk.");
        }

        var files = Path.Combine(folder, BackupManifest.FilesName);
        if (Directory.Exists(files))
        {
            var restored = new BackupFiles();
            restored.Restore(files, storage ?? throw new AdminException(
                "The backup has files of jobs, but the videos are in object storage. Restore with Storage=Local."));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"added to {storage}: {restored.Files} files, {SizeText.Approximate(restored.Bytes)}"));
        }

        if (DatabaseFile.Replace(path, arriving, time.GetUtcNow()) is { } aside)
        {
            output.WriteLine($"set aside: {aside}");
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"restored: {manifest.JobCount} jobs as of {manifest.CreatedAt:yyyy-MM-dd HH:mm:ss} UTC in {path}"));
        return 0;
    }
}

/// <summary>Replaces the database file of a stopped service.</summary>
internal static class DatabaseFile
{
    private const string ReplacedMark = ".replaced-";

    /// <summary>Checks that no process has the database open.</summary>
    /// <exception cref="DatabaseException">A service has it open.</exception>
    public static void RequireFree(IOptions<DatabaseOptions> options, string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        // Read-only, so that a damaged database stays unchanged.
        using var connection = new DuckDBConnection($"DataSource={options.Value.Path};ACCESS_MODE=READ_ONLY");
        try
        {
            connection.Open();
        }
        catch (DuckDBException failure) when (DatabaseFailures.IsLocked(failure))
        {
            throw DatabaseFailures.OfOpening(path, failure);
        }
        catch (DuckDBException)
        {
            // A damaged database is set aside unchanged.
        }
    }

    /// <summary>
    /// Moves a new database to the path; returns the new path of the old one, null if there was none.
    /// </summary>
    public static string? Replace(string path, string arriving, DateTimeOffset now)
    {
        using (var file = new FileStream(arriving, FileMode.Open, FileAccess.ReadWrite))
        {
            DiskSync.SyncFile(file);
        }

        var aside = File.Exists(path) ? DamagedDatabase.MoveAside(path, ReplacedMark, now) : null;
        File.Move(arriving, path);
        DiskSync.SyncFolder(Path.GetDirectoryName(path)!);
        return aside;
    }
}
