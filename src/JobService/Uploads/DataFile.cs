using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Uploads;

/// <summary>The bytes of an upload, each at its offset.</summary>
internal sealed class DataFile : IDisposable
{
    private readonly SafeFileHandle _file;

    private DataFile(SafeFileHandle file) => _file = file;

    /// <summary>Makes the file of a new upload. It is sparse: what has not come takes no room.</summary>
    /// <exception cref="IOException">It is there already, or the disk is full.</exception>
    public static DataFile Create(string path, long sizeBytes)
    {
        var data = Open(path, FileMode.CreateNew);
        try
        {
            data.SetLength(sizeBytes);
            return data;
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file that is there.</summary>
    public static DataFile Open(string path) => Open(path, FileMode.Open);

    /// <summary>Makes it so long.</summary>
    public void SetLength(long sizeBytes) => RandomAccess.SetLength(_file, sizeBytes);

    /// <summary>Reads bytes; how many, 0 at the end.</summary>
    public int Read(Span<byte> buffer, long offset) => RandomAccess.Read(_file, buffer, offset);

    /// <summary>Reads bytes; how many, 0 at the end.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken) =>
        RandomAccess.ReadAsync(_file, buffer, offset, cancellationToken);

    /// <summary>Writes bytes at an offset.</summary>
    /// <exception cref="IOException">The disk is full, or broken.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, long offset, CancellationToken cancellationToken) =>
        RandomAccess.WriteAsync(_file, bytes, offset, cancellationToken);

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();

    private static DataFile Open(string path, FileMode mode) =>
        new(File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));
}
