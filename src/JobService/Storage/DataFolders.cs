using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Files;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>The folders and files of the data, which other users of the machine must not read.</summary>
internal sealed class DataFolders(
    DataDirectory directory, IOptions<StorageOptions> storage, IOptions<DatabaseOptions> database,
    DataFileAccess access)
{
    /// <summary>
    /// Takes the access of others, by Data:Access, from what earlier versions created. The data directory is left as it
    /// is if neither videos nor the database are below it.
    /// </summary>
    /// <exception cref="OptionsValidationException">The data directory is a file.</exception>
    public void Protect()
    {
        if (File.Exists(directory.Path))
        {
            throw new OptionsValidationException(
                DataDirectory.Key, typeof(DataDirectory),
                [$"{DataDirectory.Key} must be a folder; {directory.Path} is a file."]);
        }

        string[] data = [storage.Value.Root, database.Value.Path, $"{database.Value.Path}.wal"];
        var holdsData = data.Any(path =>
            Path.GetFullPath(path).StartsWith(directory.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal));
        access.ApplyTo(holdsData ? [directory.Path, .. data] : data);
    }
}
