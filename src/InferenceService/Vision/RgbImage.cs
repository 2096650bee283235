namespace ForegSyte.Inference.Vision;

/// <summary>
/// A view of packed 8-bit RGB pixels: <see cref="Height"/> rows of <see cref="Width"/> * 3 bytes, no padding.
/// </summary>
internal readonly ref struct RgbImage
{
    /// <summary>Bytes of a pixel.</summary>
    public const int BytesPerPixel = 3;

    /// <param name="pixels">Exactly width * height * 3 bytes.</param>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public RgbImage(ReadOnlySpan<byte> pixels, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != (long)width * height * BytesPerPixel)
        {
            throw new ArgumentException($"{pixels.Length} bytes are not {width}x{height} pixels of 3.", nameof(pixels));
        }

        Pixels = pixels;
        Width = width;
        Height = height;
    }

    public ReadOnlySpan<byte> Pixels { get; }

    public int Width { get; }

    public int Height { get; }

    /// <summary>The bytes of one row.</summary>
    public ReadOnlySpan<byte> Row(int y) => Pixels.Slice(y * Width * BytesPerPixel, Width * BytesPerPixel);
}
