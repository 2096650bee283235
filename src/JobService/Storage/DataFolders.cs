using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Files;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>The folders and files of the data, which other users of the machine must not read.</summary>
internal sealed class DataFolders(
    DataDirectory directory, IOptions<StorageOptions> storage, IOptions<DatabaseOptions> database,
    DataFileAccess access)
{
    /// <summary>Takes the access of others, by Data:Access, from what earlier versions created.</summary>
    public void Protect() => access.ApplyTo(
        [directory.Path, storage.Value.Root, database.Value.Path, $"{database.Value.Path}.wal"]);
}
