using ForegSyte.Inference.Memory;

namespace ForegSyte.Inference.Video;

/// <summary>Size of a frame as it leaves the decoder, in pixels.</summary>
internal readonly record struct FrameSize(int Width, int Height);

/// <summary>
/// The frame size that a pipeline asks for: the video's own, or a fixed one that the decoder scales to.
/// </summary>
/// <param name="Width">Width in pixels; null for the video's own size.</param>
/// <param name="Height">Height in pixels; null for the video's own size.</param>
internal sealed record DecodeSize(int? Width, int? Height)
{
    /// <summary>The size in which the video is shown.</summary>
    public static readonly DecodeSize Native = new(null, null);
}

/// <summary>
/// One decoded frame: packed 8-bit RGB, <see cref="Height"/> rows of <see cref="Width"/> * 3 bytes without padding.
/// The pixels live in a pooled buffer, which <see cref="Dispose"/> returns.
/// </summary>
/// <param name="index">Index of the frame in the video, from 0, in presentation order.</param>
/// <param name="timestampMs">Presentation time in milliseconds after the first frame, rounded up.</param>
/// <param name="width">Width of <see cref="Pixels"/> in pixels.</param>
/// <param name="height">Height of <see cref="Pixels"/> in pixels.</param>
/// <param name="sourceWidth">Width of the video as it is shown; results are in these pixels.</param>
/// <param name="sourceHeight">Height of the video as it is shown.</param>
internal sealed class Frame(
    int index, uint timestampMs, int width, int height, int sourceWidth, int sourceHeight) : IDisposable
{
    public const int BytesPerPixel = 3;

    private byte[]? _buffer = BufferPool<byte>.Shared.Rent(checked(width * height * BytesPerPixel));

    public int Index { get; } = index;

    public uint TimestampMs { get; } = timestampMs;

    public int Width { get; } = width;

    public int Height { get; } = height;

    public int SourceWidth { get; } = sourceWidth;

    public int SourceHeight { get; } = sourceHeight;

    /// <summary>The pixels, row by row.</summary>
    public Memory<byte> Pixels =>
        (_buffer ?? throw new ObjectDisposedException(nameof(Frame))).AsMemory(0, Width * Height * BytesPerPixel);

    /// <summary>Returns the buffer; the pixels must not be used afterwards.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            BufferPool<byte>.Shared.Return(buffer);
        }
    }
}
