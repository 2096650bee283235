using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using DuckDB.NET.Data;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Admin;

/// <summary>
/// Copies the database into a new file with DuckDB's COPY, which reads every row and so finds damage that a copy of the
/// bytes would keep.
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
        var (schemaVersion, jobCount) = Copy(options, copy, time);
        Flush(copy);
        var manifest = new BackupManifest(
            time.GetUtcNow(), schemaVersion, jobCount, new FileInfo(copy).Length, BackupManifest.HashOf(copy));
        manifest.Write(folder);
        DiskSync.SyncFolder(folder);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{manifest.JobCount} jobs, {manifest.SizeBytes} bytes, sha256 {manifest.Sha256}"));
        output.WriteLine($"written to {folder}. It contains only the database: copy the storage folder too.");
        return 0;
    }

    private static (long SchemaVersion, long JobCount) Copy(
        IOptions<DatabaseOptions> options, string copy, TimeProvider time)
    {
        using var database = new DuckDbDatabase(options, time);
        using var connection = database.Connect();
        connection.Execute("CHECKPOINT");
        var name = connection.Query("SELECT current_database()", reader => reader.GetString(0)).Single();
        connection.Execute($"ATTACH {Literal(copy)} AS backup_copy");
        connection.Execute($"COPY FROM DATABASE {Identifier(name)} TO backup_copy");
        connection.Execute("DETACH backup_copy");
        return (
            connection.Query(
                $"SELECT max({SchemaVersionTable.VersionColumn}) FROM {SchemaVersionTable.Name}",
                reader => reader.GetInt64(0)).Single(),
            connection.Query("SELECT count(*) FROM jobs", reader => reader.GetInt64(0)).Single());
    }

    /// <summary>A string literal, since ATTACH accepts no parameters.</summary>
    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Identifier(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static void Flush(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        DiskSync.SyncFile(file);
    }
}

/// <summary>
/// Replaces the database with a backup. The current database is set aside, never deleted.
/// </summary>
internal static class DatabaseRestore
{
    /// <summary>Restores a backup.</summary>
    public static int Run(IOptions<DatabaseOptions> options, string folder, TimeProvider time, TextWriter output)
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

/// <summary>Describes a backup. It is written last, so an unfinished backup has none.</summary>
/// <param name="CreatedAt">Time of the backup.</param>
/// <param name="SchemaVersion">Latest migration of the database.</param>
/// <param name="JobCount">Number of jobs.</param>
/// <param name="SizeBytes">Length of the database file.</param>
/// <param name="Sha256">SHA-256 of the database file, lower-case hexadecimal.</param>
internal sealed record BackupManifest(
    DateTimeOffset CreatedAt, long SchemaVersion, long JobCount, long SizeBytes, string Sha256)
{
    /// <summary>Name of the manifest in the folder.</summary>
    public const string FileName = "manifest.json";

    /// <summary>Name of the database in the folder.</summary>
    public const string DatabaseName = "foregsyte.duckdb";

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true };

    /// <summary>The SHA-256 of a file.</summary>
    public static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>Reads the manifest of a backup and verifies the database against it.</summary>
    /// <exception cref="AdminException">The backup is incomplete or damaged.</exception>
    public static BackupManifest ReadAndCheck(string folder)
    {
        var manifestPath = Path.Combine(folder, FileName);
        var databasePath = Path.Combine(folder, DatabaseName);
        if (!File.Exists(manifestPath) || !File.Exists(databasePath))
        {
            throw new AdminException(
                $"The folder {folder} is not a complete backup: it must contain {DatabaseName} and {FileName}.");
        }

        var manifest = Parse(manifestPath);
        var sizeBytes = new FileInfo(databasePath).Length;
        if (sizeBytes != manifest.SizeBytes || HashOf(databasePath) != manifest.Sha256)
        {
            throw new AdminException(string.Create(
                CultureInfo.InvariantCulture,
                $"{databasePath} is damaged: it has {sizeBytes} bytes, and its size or SHA-256 ")
                + "differs from the manifest. Use another backup.");
        }

        return manifest;
    }

    /// <summary>Writes the manifest.</summary>
    public void Write(string folder)
    {
        using var file = File.Create(Path.Combine(folder, FileName));
        JsonSerializer.Serialize(file, this, Format);
        DiskSync.SyncFile(file);
    }

    private static BackupManifest Parse(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return JsonSerializer.Deserialize<BackupManifest>(file) ?? throw new JsonException("The file is empty.");
        }
        catch (JsonException failure)
        {
            throw new AdminException($"{path} cannot be read: {failure.Message}", failure);
        }
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
