using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace ForegSyte.Jobs.Admin;

/// <summary>What a backup holds; written last, so that a backup that was cut off has none.</summary>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="SchemaVersion">Latest migration of the database.</param>
/// <param name="JobCount">Jobs in it.</param>
/// <param name="SizeBytes">Length of the database file.</param>
/// <param name="Sha256">Hash of the database file, lower case hexadecimal.</param>
internal sealed record BackupManifest(
    DateTimeOffset CreatedAt, long SchemaVersion, long JobCount, long SizeBytes, string Sha256)
{
    /// <summary>Name of the manifest in the folder of the backup.</summary>
    public const string FileName = "manifest.json";

    /// <summary>Name of the copy in the folder of the backup.</summary>
    public const string DatabaseName = "foregsyte.duckdb";

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true };

    /// <summary>The hash of a file.</summary>
    public static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>Reads the manifest of a backup and checks the copy against it.</summary>
    /// <exception cref="AdminException">It is no backup, or not the one that was written.</exception>
    public static BackupManifest ReadAndCheck(string folder)
    {
        var manifestPath = Path.Combine(folder, FileName);
        var databasePath = Path.Combine(folder, DatabaseName);
        if (!File.Exists(manifestPath) || !File.Exists(databasePath))
        {
            throw new AdminException(
                $"{folder} is no complete backup: it has to hold {DatabaseName} and {FileName}, "
                + "which is written last.");
        }

        var manifest = Parse(manifestPath);
        var sizeBytes = new FileInfo(databasePath).Length;
        if (sizeBytes != manifest.SizeBytes || HashOf(databasePath) != manifest.Sha256)
        {
            throw new AdminException(string.Create(
                CultureInfo.InvariantCulture,
                $"{databasePath} is not what was backed up: it has {sizeBytes} bytes, and its size or hash ")
                + "is not that of the manifest. Use another backup.");
        }

        return manifest;
    }

    /// <summary>Writes the manifest.</summary>
    public void Write(string folder)
    {
        using var file = File.Create(Path.Combine(folder, FileName));
        JsonSerializer.Serialize(file, this, Format);
        file.Flush(flushToDisk: true);
    }

    private static BackupManifest Parse(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return JsonSerializer.Deserialize<BackupManifest>(file) ?? throw new JsonException("It is empty.");
        }
        catch (JsonException failure)
        {
            throw new AdminException($"{path} cannot be read: {failure.Message}", failure);
        }
    }
}
