using System.Buffers;

namespace ForegSyte.Client.Uploads;

/// <summary>A part that has been read; disposing gives its buffer back.</summary>
/// <param name="offset">Where it begins in the video, in bytes.</param>
/// <param name="length">Its bytes.</param>
internal sealed class VideoPart(long offset, int length) : IDisposable
{
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(length);

    /// <summary>Where it begins in the video, in bytes.</summary>
    public long Offset => offset;

    /// <summary>Its bytes.</summary>
    public Memory<byte> Data => _buffer.AsMemory(0, length);

    /// <inheritdoc />
    /// <remarks>
    /// An attempt that was given up may still be on its way to the socket with these bytes. It fails its checksum then.
    /// </remarks>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
