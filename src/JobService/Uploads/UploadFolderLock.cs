using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Storage;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// Holds the folder of the uploads for this process, by a lock on a file beside it, which ends with the process. A job
/// store in a file does the same by its own lock.
/// </summary>
internal sealed class UploadFolderLock(IOptions<StorageOptions> options, IOptions<UploadFolder> folder) : IDisposable
{
    private FileStream? _file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="DatabaseException">Another process has it.</exception>
    public void Take()
    {
        var path = Path.Combine(CanonicalPath.Resolve(options.Value.Root), folder.Value.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            _file = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (failure is not (DirectoryNotFoundException or PathTooLongException))
        {
            throw new DatabaseException(
                $"Another process uses the folder of uploads {path}. Stop that one, or give each JobService a folder "
                + "of its own (DataDirectory).",
                failure);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _file?.Dispose();
}
