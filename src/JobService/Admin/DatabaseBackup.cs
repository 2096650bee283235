using System.Globalization;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations.DuckDb;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Admin;

/// <summary>
/// Copies the database, table by table, into a new file: every row is read on the way, so that a copy that was made can
/// be trusted more than one of the bytes.
/// </summary>
internal static class DatabaseBackup
{
    /// <summary>Writes a backup into a folder that is new or empty.</summary>
    public static int Write(IOptions<DatabaseOptions> options, string folder, TimeProvider time, TextWriter output)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new AdminException($"{folder} is not empty. Give a folder for this backup alone.");
        }

        if (!File.Exists(options.Value.Path))
        {
            throw new AdminException($"There is no database {options.Value.Path}.");
        }

        Directory.CreateDirectory(folder);
        var copy = Path.Combine(folder, BackupManifest.DatabaseName);
        var (schemaVersion, jobCount) = Copy(options, copy, time);
        Flush(copy);
        var manifest = new BackupManifest(
            time.GetUtcNow(), schemaVersion, jobCount, new FileInfo(copy).Length, BackupManifest.HashOf(copy));
        manifest.Write(folder);
        DurableFolder.Flush(folder);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{manifest.JobCount} jobs, {manifest.SizeBytes} bytes, sha256 {manifest.Sha256}"));
        output.WriteLine($"written to {folder}. It holds the database only: copy the storage folder as well.");
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

    /// <summary>ATTACH takes no parameters.</summary>
    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Identifier(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static void Flush(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }
}
