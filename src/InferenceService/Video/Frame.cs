using ForegSyte.Inference.Memory;

namespace ForegSyte.Inference.Video;

/// <summary>
/// One decoded frame: packed 8-bit RGB, <see cref="Height"/> rows of <see cref="Width"/> * 3 bytes without padding.
/// The pixels live in a pooled buffer that <see cref="Dispose"/> gives back.
/// </summary>
/// <param name="index">Index of the frame in the video, from 0, in the order in which frames are shown.</param>
/// <param name="timestampMs">When the frame is shown, in milliseconds from the start of the video.</param>
/// <param name="width">Width of <see cref="Pixels"/> in pixels.</param>
/// <param name="height">Height of <see cref="Pixels"/> in pixels.</param>
/// <param name="sourceWidth">Width of the video as it is shown; results are given in these pixels.</param>
/// <param name="sourceHeight">Height of the video as it is shown.</param>
internal sealed class Frame(
    int index, int timestampMs, int width, int height, int sourceWidth, int sourceHeight) : IDisposable
{
    /// <summary>Bytes of a pixel.</summary>
    public const int BytesPerPixel = 3;

    private byte[]? _buffer = BufferPool<byte>.Shared.Rent(checked(width * height * BytesPerPixel));

    public int Index { get; } = index;

    public int TimestampMs { get; } = timestampMs;

    public int Width { get; } = width;

    public int Height { get; } = height;

    public int SourceWidth { get; } = sourceWidth;

    public int SourceHeight { get; } = sourceHeight;

    /// <summary>The pixels, row by row.</summary>
    public Memory<byte> Pixels =>
        (_buffer ?? throw new ObjectDisposedException(nameof(Frame))).AsMemory(0, Width * Height * BytesPerPixel);

    /// <summary>Gives the buffer back; the pixels must not be used afterwards.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            BufferPool<byte>.Shared.Return(buffer);
        }
    }
}
