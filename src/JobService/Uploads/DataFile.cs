using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// The bytes of an upload, each at its offset. What is aligned goes to the disk around the page cache, the rest through
/// it; the operating system keeps both in agreement, and a page is never written in both ways.
/// </summary>
internal sealed class DataFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly DirectFile? _direct;

    private DataFile(SafeFileHandle file, DirectFile? direct) => (_file, _direct) = (file, direct);

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

    /// <summary>Writes some bytes of a part.</summary>
    /// <param name="part">The part.</param>
    /// <param name="partOffset">Where it begins in the file.</param>
    /// <param name="piece">The bytes to write, as they lie in the file.</param>
    /// <param name="cancellationToken">Gives it up before it has begun.</param>
    /// <exception cref="IOException">The disk is full, or broken.</exception>
    public async ValueTask WriteAsync(
        PartBuffer part, long partOffset, Extent piece, CancellationToken cancellationToken)
    {
        var bytes = part.Data.Slice((int)(piece.Start - partOffset), (int)piece.Length);
        var direct = LengthOfDirect(partOffset, piece);
        if (direct > 0 && await _direct!.TryWriteAsync(bytes[..direct], piece.Start, cancellationToken))
        {
            bytes = bytes[direct..];
        }

        if (bytes.Length > 0)
        {
            await RandomAccess.WriteAsync(_file, bytes, piece.End - bytes.Length, cancellationToken);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _direct?.Dispose();
        _file.Dispose();
    }

    private static DataFile Open(string path, FileMode mode)
    {
        var file = File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        return new DataFile(file, DirectFile.TryOpen(path));
    }

    /// <summary>How much of a piece can be written directly, from its beginning.</summary>
    private int LengthOfDirect(long partOffset, Extent piece) =>
        _direct is not null
        && piece.Start % PartBuffer.Alignment == 0
        && partOffset % PartBuffer.Alignment == 0
            ? (int)(piece.Length - (piece.Length % PartBuffer.Alignment))
            : 0;
}
