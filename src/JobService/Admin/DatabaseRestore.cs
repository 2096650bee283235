using System.Globalization;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Storage;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Admin;

/// <summary>
/// Puts the copy of a backup in the place of the database. What was there is set aside, never deleted.
/// </summary>
internal static class DatabaseRestore
{
    /// <summary>Restores a backup.</summary>
    public static int Run(IOptions<DatabaseOptions> options, string folder, TimeProvider time, TextWriter output)
    {
        var manifest = BackupManifest.ReadAndCheck(folder);
        var path = CanonicalPath.Resolve(options.Value.Path);
        DatabasePlace.RequireFree(options, path);
        var arriving = path + ".restoring";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Copy(Path.Combine(folder, BackupManifest.DatabaseName), arriving, overwrite: true);
        if (BackupManifest.HashOf(arriving) != manifest.Sha256)
        {
            throw new AdminException($"{arriving} is not what was copied: check the disk. Nothing was changed.");
        }

        if (DatabasePlace.Take(path, arriving, time.GetUtcNow()) is { } aside)
        {
            output.WriteLine($"set aside: {aside}");
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"restored: {manifest.JobCount} jobs as of {manifest.CreatedAt:yyyy-MM-dd HH:mm:ss} UTC in {path}"));
        return 0;
    }
}
