using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.S3;

/// <summary>The folder of artifacts that are not uploaded yet. Only one process can use it.</summary>
internal sealed class SpoolFolder : IDisposable
{
    private const string LockName = ".lock";
    private const string Suffix = ".tmp";

    private readonly string _path;
    private readonly FileStream _lock;

    /// <summary>Takes the folder and deletes what an earlier process left in it.</summary>
    /// <exception cref="ObjectStorageException">Another process uses the folder.</exception>
    public SpoolFolder(IOptions<S3StorageOptions> options)
    {
        _path = Directory.CreateDirectory(options.Value.SpoolFolder).FullName;
        try
        {
            _lock = new FileStream(
                Path.Combine(_path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (failure is not (DirectoryNotFoundException or FileNotFoundException))
        {
            throw new ObjectStorageException(
                $"Another process uses the folder {_path}. Give each JobService a folder of its own (DataDirectory or "
                + "S3:SpoolFolder).",
                failure);
        }

        foreach (var left in Directory.EnumerateFiles(_path, "*" + Suffix))
        {
            File.Delete(left);
        }
    }

    /// <summary>Free bytes of its disk.</summary>
    public long FreeBytes => new DriveInfo(_path).AvailableFreeSpace;

    /// <summary>Creates an empty file, which its user deletes.</summary>
    public FileStream Create() => new(
        Path.Combine(_path, Guid.NewGuid().ToString("N") + Suffix),
        new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read,
            BufferSize = 0,
            Options = FileOptions.Asynchronous,
        });

    /// <inheritdoc />
    public void Dispose() => _lock.Dispose();
}
