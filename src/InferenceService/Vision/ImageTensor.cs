using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ForegSyte.Inference.Vision;

/// <summary>A view of 8-bit RGB pixels: rows of <see cref="Width"/> * 3 bytes.</summary>
internal readonly ref struct RgbImage
{
    /// <summary>Bytes per pixel.</summary>
    public const int BytesPerPixel = 3;

    private readonly ReadOnlySpan<byte> _pixels;
    private readonly int _rowBytes;

    /// <summary>An image without padding between its rows.</summary>
    /// <param name="pixels">Exactly width * height * 3 bytes.</param>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <exception cref="ArgumentException">The number of bytes does not match the size.</exception>
    public RgbImage(ReadOnlySpan<byte> pixels, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != (long)width * height * BytesPerPixel)
        {
            throw new ArgumentException(
                $"An RGB image of {width}x{height} pixels needs {(long)width * height * BytesPerPixel} bytes, "
                + $"not {pixels.Length}.", nameof(pixels));
        }

        _pixels = pixels;
        _rowBytes = width * BytesPerPixel;
        Width = width;
        Height = height;
    }

    private RgbImage(ReadOnlySpan<byte> pixels, int rowBytes, int width, int height)
    {
        _pixels = pixels;
        _rowBytes = rowBytes;
        Width = width;
        Height = height;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>The bytes of one row.</summary>
    public ReadOnlySpan<byte> Row(int y) => _pixels.Slice(y * _rowBytes, Width * BytesPerPixel);

    /// <summary>A part of the image.</summary>
    /// <param name="left">First column of the part.</param>
    /// <param name="top">First row of the part.</param>
    /// <param name="width">Width of the part.</param>
    /// <param name="height">Height of the part.</param>
    public RgbImage Part(int left, int top, int width, int height) =>
        new(_pixels[((top * _rowBytes) + (left * BytesPerPixel))..], _rowBytes, width, height);

    /// <summary>A part of the image that begins in its first row.</summary>
    /// <param name="left">First column of the part.</param>
    /// <param name="width">Width of the part.</param>
    /// <param name="height">Height of the part.</param>
    public RgbImage Part(int left, int width, int height) =>
        new(_pixels[(left * BytesPerPixel)..], _rowBytes, width, height);

    /// <summary>Copies the image without padding between its rows.</summary>
    /// <param name="pixels">At least width * height * 3 bytes.</param>
    public void CopyTo(Span<byte> pixels)
    {
        for (var y = 0; y < Height; y++)
        {
            Row(y).CopyTo(pixels.Slice(y * Width * BytesPerPixel, Width * BytesPerPixel));
        }
    }
}

/// <summary>
/// Writes an image into a float tensor: bilinear scaling, channel order, normalization and padding in one pass.
/// Pixel centers lie at half coordinates, the convention of OpenCV's INTER_LINEAR, with which the models were trained:
/// source = (target + 0.5) * sourceSize / targetSize - 0.5, clamped to the image. Unlike OpenCV, the result is not
/// rounded to 8 bits; the difference is at most half a gray level.
/// </summary>
internal static class ImageTensor
{
    /// <summary>Fills the tensor.</summary>
    /// <param name="image">The image.</param>
    /// <param name="fit">Position and size of the image in the tensor.</param>
    /// <param name="format">Channel order, layout and normalization.</param>
    /// <param name="padding">8-bit gray level of the area outside the image, 0 to 255.</param>
    /// <param name="tensor">tensorHeight * tensorWidth * 3 values.</param>
    /// <param name="tensorWidth">Width of the tensor.</param>
    /// <param name="tensorHeight">Height of the tensor.</param>
    /// <exception cref="ArgumentException">The length of the tensor does not match its size.</exception>
    public static void Fill(
        RgbImage image, in ImageFit fit, TensorFormat format, byte padding, Span<float> tensor,
        int tensorWidth, int tensorHeight)
    {
        if (tensor.Length != tensorWidth * tensorHeight * TensorFormat.ChannelCount)
        {
            throw new ArgumentException(
                $"A tensor of {tensorWidth}x{tensorHeight}x3 cannot have {tensor.Length} values.", nameof(tensor));
        }

        if (fit.Width != tensorWidth || fit.Height != tensorHeight)
        {
            Pad(format, padding, tensor, tensorWidth * tensorHeight);
        }

        if (fit.Width == image.Width && fit.Height == image.Height && format.Layout == TensorLayout.Planar)
        {
            Copy(image, fit, format, tensor, tensorWidth, tensorHeight);
            return;
        }

        var rowLength = fit.Width * TensorFormat.ChannelCount;
        var rows = ArrayPool<float>.Shared.Rent(2 * rowLength);
        var columns = ArrayPool<Tap>.Shared.Rent(fit.Width);
        try
        {
            FillTaps(columns.AsSpan(0, fit.Width), image.Width);
            var upper = rows.AsSpan(0, rowLength);
            var lower = rows.AsSpan(rowLength, rowLength);
            Scale(image, fit, format, columns.AsSpan(0, fit.Width), upper, lower, tensor, tensorWidth, tensorHeight);
        }
        finally
        {
            ArrayPool<Tap>.Shared.Return(columns);
            ArrayPool<float>.Shared.Return(rows);
        }
    }

    /// <summary>Copies an image that needs no scaling into a planar tensor.</summary>
    private static void Copy(
        RgbImage image, in ImageFit fit, TensorFormat format, Span<float> tensor, int tensorWidth, int tensorHeight)
    {
        for (var y = 0; y < fit.Height; y++)
        {
            for (var channel = 0; channel < TensorFormat.ChannelCount; channel++)
            {
                var start = (((channel * tensorHeight) + fit.Top + y) * tensorWidth) + fit.Left;
                PixelRow.ToPlane(image.Row(y), format, channel, tensor.Slice(start, fit.Width));
            }
        }
    }

    /// <summary>
    /// Blends the two nearest image rows into each tensor row. Each image row is scaled horizontally only once.
    /// </summary>
    private static void Scale(
        RgbImage image, in ImageFit fit, TensorFormat format, ReadOnlySpan<Tap> columns, Span<float> upper,
        Span<float> lower, Span<float> tensor, int tensorWidth, int tensorHeight)
    {
        var upperRow = -1;
        var lowerRow = -1;
        for (var y = 0; y < fit.Height; y++)
        {
            var tap = Tap.At(y, fit.Height, image.Height);
            if (tap.First == lowerRow)
            {
                var swap = upper;
                upper = lower;
                lower = swap;
                (upperRow, lowerRow) = (lowerRow, upperRow);
            }

            if (tap.First != upperRow)
            {
                ScaleRow(image.Row(tap.First), columns, format, upper);
                upperRow = tap.First;
            }

            if (tap.Second != lowerRow && tap.Weight > 0)
            {
                ScaleRow(image.Row(tap.Second), columns, format, lower);
                lowerRow = tap.Second;
            }

            WriteRow(upper, tap.Weight > 0 ? lower : upper, tap.Weight, fit, format.Layout, y, tensor, tensorWidth,
                tensorHeight);
        }
    }

    /// <summary>Scales one image row horizontally and normalizes it, in the layout of the tensor.</summary>
    private static void ScaleRow(ReadOnlySpan<byte> row, ReadOnlySpan<Tap> columns, TensorFormat format,
        Span<float> scaled)
    {
        var (start, step) = format.Layout == TensorLayout.Planar ? (columns.Length, 1) : (1, TensorFormat.ChannelCount);
        for (var channel = 0; channel < TensorFormat.ChannelCount; channel++)
        {
            var source = row[format.SourceByteOf(channel)..];
            var scale = format.ScaleOf(channel);
            var offset = format.OffsetOf(channel);
            var target = channel * start;
            foreach (ref readonly var tap in columns)
            {
                float first = source[tap.First * RgbImage.BytesPerPixel];
                float second = source[tap.Second * RgbImage.BytesPerPixel];
                scaled[target] = ((first + ((second - first) * tap.Weight)) * scale) + offset;
                target += step;
            }
        }
    }

    private static void WriteRow(
        ReadOnlySpan<float> upper, ReadOnlySpan<float> lower, float weight, in ImageFit fit, TensorLayout layout, int y,
        Span<float> tensor, int tensorWidth, int tensorHeight)
    {
        var pixel = ((fit.Top + y) * tensorWidth) + fit.Left;
        if (layout == TensorLayout.Interleaved)
        {
            Blend(upper, lower, weight, tensor.Slice(pixel * TensorFormat.ChannelCount, upper.Length));
            return;
        }

        for (var channel = 0; channel < TensorFormat.ChannelCount; channel++)
        {
            var start = channel * fit.Width;
            var target = tensor.Slice((channel * tensorWidth * tensorHeight) + pixel, fit.Width);
            Blend(upper.Slice(start, fit.Width), lower.Slice(start, fit.Width), weight, target);
        }
    }

    private static void Blend(ReadOnlySpan<float> upper, ReadOnlySpan<float> lower, float weight, Span<float> target)
    {
        if (weight > 0)
        {
            TensorPrimitives.Lerp(upper, lower, weight, target);
        }
        else
        {
            upper.CopyTo(target);
        }
    }

    private static void Pad(TensorFormat format, byte padding, Span<float> tensor, int pixels)
    {
        for (var channel = 0; channel < TensorFormat.ChannelCount; channel++)
        {
            var value = (padding * format.ScaleOf(channel)) + format.OffsetOf(channel);
            if (format.Layout == TensorLayout.Planar)
            {
                tensor.Slice(channel * pixels, pixels).Fill(value);
                continue;
            }

            for (var i = channel; i < tensor.Length; i += TensorFormat.ChannelCount)
            {
                tensor[i] = value;
            }
        }
    }

    private static void FillTaps(Span<Tap> taps, int sourceSize)
    {
        for (var i = 0; i < taps.Length; i++)
        {
            taps[i] = Tap.At(i, taps.Length, sourceSize);
        }
    }

    /// <summary>Two neighboring source positions and the weight of the second, 0 to 1.</summary>
    private readonly record struct Tap(int First, int Second, float Weight)
    {
        public static Tap At(int target, int targetSize, int sourceSize)
        {
            var position = Math.Clamp(((target + 0.5) * sourceSize / targetSize) - 0.5, 0, sourceSize - 1);
            var first = (int)position;
            return new(first, Math.Min(first + 1, sourceSize - 1), (float)(position - first));
        }
    }
}

/// <summary>Extracts one channel from a row of packed RGB pixels and normalizes it: pixel * scale + offset.</summary>
internal static class PixelRow
{
    /// <summary>Pixels per step; they fill three vectors of 16 bytes.</summary>
    private const int Step = 16;

    /// <summary>
    /// For each byte of an RGB pixel and each of the three vectors: the positions of that byte in the vector, in the
    /// order of the pixels; 255 where the byte of a pixel lies in another vector.
    /// </summary>
    private static readonly Vector128<byte>[] Picks =
        [.. Enumerable.Range(0, 9).Select(index => Pick(index / 3, index % 3))];

    /// <summary>Fills one row of one plane of a tensor.</summary>
    /// <param name="row">target.Length pixels of 3 bytes.</param>
    /// <param name="format">Normalization and channel order.</param>
    /// <param name="channel">Channel of the tensor, 0 to 2.</param>
    /// <param name="target">Receives one value per pixel.</param>
    public static void ToPlane(ReadOnlySpan<byte> row, TensorFormat format, int channel, Span<float> target)
    {
        var source = format.SourceByteOf(channel);
        var (scale, offset) = (format.ScaleOf(channel), format.OffsetOf(channel));
        var (first, second, third) = (Picks[3 * source], Picks[(3 * source) + 1], Picks[(3 * source) + 2]);
        var x = 0;
        for (; x + Step <= target.Length; x += Step)
        {
            var vectors = MemoryMarshal.Cast<byte, Vector128<byte>>(
                row.Slice(x * RgbImage.BytesPerPixel, Step * RgbImage.BytesPerPixel));
            var picked = Vector128.Shuffle(vectors[0], first) | Vector128.Shuffle(vectors[1], second)
                | Vector128.Shuffle(vectors[2], third);
            var (low, high) = Vector128.Widen(picked);
            Store(low, scale, offset, target.Slice(x, Step / 2));
            Store(high, scale, offset, target.Slice(x + (Step / 2), Step / 2));
        }

        for (; x < target.Length; x++)
        {
            target[x] = (row[(x * RgbImage.BytesPerPixel) + source] * scale) + offset;
        }
    }

    /// <summary>Rounds after the product and after the sum, so that every processor gives the same bits.</summary>
    private static void Store(Vector128<ushort> pixels, float scale, float offset, Span<float> target)
    {
        var (low, high) = Vector128.Widen(pixels);
        ((Vector128.ConvertToSingle(low.AsInt32()) * scale) + Vector128.Create(offset)).CopyTo(target);
        ((Vector128.ConvertToSingle(high.AsInt32()) * scale) + Vector128.Create(offset)).CopyTo(target[4..]);
    }

    private static Vector128<byte> Pick(int source, int vector)
    {
        Span<byte> indexes = stackalloc byte[Step];
        for (var pixel = 0; pixel < Step; pixel++)
        {
            var index = (pixel * RgbImage.BytesPerPixel) + source - (vector * Step);
            indexes[pixel] = index is >= 0 and < Step ? (byte)index : byte.MaxValue;
        }

        return Vector128.Create<byte>(indexes);
    }
}
