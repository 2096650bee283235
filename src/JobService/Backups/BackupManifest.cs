using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Backups;

/// <summary>Describes a backup. It is written last, so an unfinished backup has none.</summary>
/// <param name="CreatedAt">Time of the backup.</param>
/// <param name="SchemaVersion">Latest migration of the database.</param>
/// <param name="JobCount">Number of jobs.</param>
/// <param name="SizeBytes">Length of the database file.</param>
/// <param name="Sha256">SHA-256 of the database file, lower-case hexadecimal.</param>
internal sealed record BackupManifest(
    DateTimeOffset CreatedAt, long SchemaVersion, long JobCount, long SizeBytes, string Sha256)
{
    /// <summary>When the backup of a running service was complete; null for a copy of the database alone.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Number of files of jobs in the backup.</summary>
    public long FileCount { get; init; }

    /// <summary>Size of these files.</summary>
    public long FileBytes { get; init; }

    /// <summary>The part of <see cref="FileBytes"/> that was copied; the other files are hard links.</summary>
    public long CopiedBytes { get; init; }

    /// <summary>Name of the manifest in the folder.</summary>
    public const string FileName = "manifest.json";

    /// <summary>Name of the database in the folder.</summary>
    public const string DatabaseName = "foregsyte.duckdb";

    /// <summary>Name of the folder with the files of jobs.</summary>
    public const string FilesName = "video_jobs";

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true };

    /// <summary>The SHA-256 of a file.</summary>
    public static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>Reads the manifest of a backup and verifies the database against it.</summary>
    /// <exception cref="BackupException">The backup is incomplete or damaged.</exception>
    public static BackupManifest ReadAndCheck(string folder)
    {
        var manifestPath = Path.Combine(folder, FileName);
        var databasePath = Path.Combine(folder, DatabaseName);
        if (!File.Exists(manifestPath) || !File.Exists(databasePath))
        {
            throw new BackupException(
                $"The folder {folder} is not a complete backup: it must contain {DatabaseName} and {FileName}.");
        }

        var manifest = Parse(manifestPath);
        var sizeBytes = new FileInfo(databasePath).Length;
        if (sizeBytes != manifest.SizeBytes || HashOf(databasePath) != manifest.Sha256)
        {
            throw new BackupException(string.Create(
                CultureInfo.InvariantCulture,
                $"{databasePath} is damaged: it has {sizeBytes} bytes, and its size or SHA-256 ")
                + "differs from the manifest. Use another backup.");
        }

        return manifest;
    }

    /// <summary>The manifest of a folder; null if the backup there is incomplete.</summary>
    public static BackupManifest? TryRead(string folder) =>
        File.Exists(Path.Combine(folder, FileName)) ? Parse(Path.Combine(folder, FileName)) : null;

    /// <summary>Makes the bytes of a file durable.</summary>
    public static void Flush(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        DiskSync.SyncFile(file);
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
            throw new BackupException($"{path} cannot be read: {failure.Message}", failure);
        }
    }
}

/// <summary>A backup cannot be used. The message tells the operator what is wrong and what to do.</summary>
internal sealed class BackupException(string message, Exception? innerException = null)
    : Exception(message, innerException);
