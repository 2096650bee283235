using System.Collections.Immutable;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Video;

/// <summary>Size of a frame as it leaves the decoder, in pixels, and of the copies to its right.</summary>
/// <param name="Width">Width of the frame.</param>
/// <param name="Height">Height of the frame.</param>
/// <param name="Copies">The copies.</param>
internal readonly record struct FrameSize(int Width, int Height, ScaledCopies Copies = default)
{
    /// <summary>Width of the frame and its copies side by side.</summary>
    public int BufferWidth => Width + Copies.Sizes.Sum(copy => copy.Width);

    /// <summary>Height of the tallest of them; the others are padded at the bottom.</summary>
    public int BufferHeight => Copies.Sizes.Aggregate(Height, (tallest, copy) => Math.Max(tallest, copy.Height));
}

/// <summary>
/// Sizes of copies of a frame, which the decoder scales in the same way as a frame of that size. So a detector gets the
/// same pixels in a pipeline that needs frames of another size too.
/// </summary>
internal readonly struct ScaledCopies(IEnumerable<(int Width, int Height)> sizes) : IEquatable<ScaledCopies>
{
    private readonly ImmutableArray<(int Width, int Height)> _sizes = [.. sizes];

    /// <summary>The sizes, from left to right.</summary>
    public ImmutableArray<(int Width, int Height)> Sizes => _sizes.IsDefault ? [] : _sizes;

    public static bool operator ==(ScaledCopies left, ScaledCopies right) => left.Equals(right);

    public static bool operator !=(ScaledCopies left, ScaledCopies right) => !left.Equals(right);

    public bool Equals(ScaledCopies other) => Sizes.SequenceEqual(other.Sizes);

    public override bool Equals(object? obj) => obj is ScaledCopies other && Equals(other);

    public override int GetHashCode() => Sizes.Aggregate(0, HashCode.Combine);
}

/// <summary>
/// The frame size that a pipeline asks for: the video's own, a fixed one, or one with the shape of the video and a
/// given area. The decoder scales to it.
/// </summary>
/// <param name="Width">Width in pixels; null for the video's own size.</param>
/// <param name="Height">Height in pixels; null for the video's own size.</param>
/// <param name="Copies">Further sizes in which the pipeline needs each frame.</param>
internal sealed record DecodeSize(int? Width, int? Height, ScaledCopies Copies = default)
{
    /// <summary>The size in which the video is shown.</summary>
    public static readonly DecodeSize Native = new(null, null);

    /// <summary>Whether width and height only give an area, and the video gives the shape.</summary>
    public bool IsShaped { get; init; }

    /// <summary>Further sizes of which only the area is given.</summary>
    public ScaledCopies ShapedCopies { get; init; }

    /// <summary>A size with the shape of the video and about the area of a width and a height.</summary>
    public static DecodeSize Shaped(int width, int height) => new(width, height) { IsShaped = true };

    /// <summary>Combines what several stages need.</summary>
    /// <param name="sizes">At least one size, without copies.</param>
    public static DecodeSize Of(IEnumerable<DecodeSize> sizes)
    {
        // The native size first: what needs no fixed size uses the frame itself.
        DecodeSize[] distinct =
            [.. sizes.Distinct().OrderBy(size => (size.Width ?? 0, size.Height ?? 0, size.IsShaped))];
        return distinct[0] with { Copies = Rest(isShaped: false), ShapedCopies = Rest(isShaped: true) };

        ScaledCopies Rest(bool isShaped) => new(distinct.Skip(1)
            .Where(size => size.IsShaped == isShaped)
            .Select(size => (size.Width!.Value, size.Height!.Value)));
    }

    /// <summary>The size for a video.</summary>
    public FrameSize For(int videoWidth, int videoHeight)
    {
        var (width, height) = (Width ?? videoWidth, Height ?? videoHeight);
        if (IsShaped)
        {
            (width, height) = InputShape.Of(width, height, videoWidth, videoHeight);
        }

        return new(width, height, new([
            .. Copies.Sizes,
            .. ShapedCopies.Sizes.Select(size => InputShape.Of(size.Width, size.Height, videoWidth, videoHeight)),
        ]));
    }
}

/// <summary>
/// One decoded frame in 8-bit RGB, and copies of it in the sizes that its pipeline needs. The pixels live in a
/// buffer of the segment, which <see cref="Dispose"/> returns.
/// </summary>
/// <param name="index">Index of the frame in the video, from 0, in presentation order.</param>
/// <param name="timestampMs">Presentation time in milliseconds after the first frame, rounded up.</param>
/// <param name="size">Size of the frame and its copies.</param>
/// <param name="sourceWidth">Width of the video as it is shown; results are in these pixels.</param>
/// <param name="sourceHeight">Height of the video as it is shown.</param>
/// <param name="buffers">The buffers of its segment; null for one of its own.</param>
internal sealed class Frame(
    int index, uint timestampMs, FrameSize size, int sourceWidth, int sourceHeight, PixelBuffers? buffers = null)
    : IDisposable
{
    public const int BytesPerPixel = 3;

    private PixelBuffer? _buffer = Rent(buffers, checked(size.BufferWidth * size.BufferHeight * BytesPerPixel));

    /// <summary>A frame without copies.</summary>
    public Frame(int index, uint timestampMs, int width, int height, int sourceWidth, int sourceHeight)
        : this(index, timestampMs, new FrameSize(width, height), sourceWidth, sourceHeight)
    {
    }

    public int Index { get; } = index;

    public uint TimestampMs { get; } = timestampMs;

    public int Width => size.Width;

    public int Height => size.Height;

    public int SourceWidth { get; } = sourceWidth;

    public int SourceHeight { get; } = sourceHeight;

    /// <summary>The bytes as they leave the decoder: the frame, and its copies to the right, row by row.</summary>
    public Memory<byte> Pixels =>
        (_buffer ?? throw new ObjectDisposedException(nameof(Frame))).Memory;

    /// <summary>The picture of the frame.</summary>
    public RgbImage Image => Part(0, size.Width, size.Height);

    /// <summary>The picture in a size: the frame or a copy if one has that size, otherwise the frame.</summary>
    public RgbImage ImageFor(DecodeSize wanted)
    {
        if (wanted.Width is null)
        {
            return Image;
        }

        var own = wanted.For(SourceWidth, SourceHeight);
        var left = size.Width;
        foreach (var (width, height) in size.Copies.Sizes)
        {
            if (width == own.Width && height == own.Height)
            {
                return Part(left, width, height);
            }

            left += width;
        }

        return Image;
    }

    /// <summary>Returns the buffer; the pixels must not be used afterwards.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is not { } buffer)
        {
            return;
        }

        if (buffers is null)
        {
            buffer.Free();
        }
        else
        {
            buffers.Return(buffer);
        }
    }

    private static PixelBuffer Rent(PixelBuffers? buffers, int length) =>
        buffers?.Rent(length) ?? new PixelBuffer(length);

    private RgbImage Part(int left, int width, int height) =>
        new RgbImage(Pixels.Span, size.BufferWidth, size.BufferHeight).Part(left, width, height);
}
