using System.Buffers;
using System.Numerics.Tensors;

namespace ForegSyte.Inference.Vision;

/// <summary>
/// Writes an image into a float tensor: bilinear scaling, channel order, normalisation and padding in one pass.
/// Pixel centres lie at half coordinates, the convention of OpenCV's INTER_LINEAR, on which the models were trained:
/// source = (target + 0.5) * sourceSize / targetSize - 0.5, cut at the edges. Unlike OpenCV the result is not rounded
/// to whole 8-bit values, which differs by at most half a grey level.
/// </summary>
internal static class ImageTensor
{
    /// <summary>Fills the tensor.</summary>
    /// <param name="image">The image.</param>
    /// <param name="fit">Where the image goes, from <see cref="ImageFit.Of"/>.</param>
    /// <param name="format">Channel order, layout and normalisation.</param>
    /// <param name="padding">8-bit grey of what the image does not cover, 0 to 255.</param>
    /// <param name="tensor">tensorHeight * tensorWidth * 3 values.</param>
    /// <param name="tensorWidth">Width of the tensor.</param>
    /// <param name="tensorHeight">Height of the tensor.</param>
    public static void Fill(
        RgbImage image, in ImageFit fit, TensorFormat format, byte padding, Span<float> tensor,
        int tensorWidth, int tensorHeight)
    {
        if (tensor.Length != tensorWidth * tensorHeight * TensorFormat.ChannelCount)
        {
            throw new ArgumentException($"{tensor.Length} values are not {tensorWidth}x{tensorHeight}x3.",
                nameof(tensor));
        }

        if (fit.Width != tensorWidth || fit.Height != tensorHeight)
        {
            Pad(format, padding, tensor, tensorWidth * tensorHeight);
        }

        var rowLength = fit.Width * TensorFormat.ChannelCount;
        var rows = ArrayPool<float>.Shared.Rent(2 * rowLength);
        var columns = ArrayPool<Tap>.Shared.Rent(fit.Width);
        try
        {
            if (fit.Width == image.Width && fit.Height == image.Height && format.Layout == TensorLayout.Planar)
            {
                Convert(image, fit, format, tensor, tensorWidth, tensorHeight);
                return;
            }

            FillTaps(columns.AsSpan(0, fit.Width), image.Width);
            var upper = rows.AsSpan(0, rowLength);
            var lower = rows.AsSpan(rowLength, rowLength);
            FillRows(image, fit, format, columns.AsSpan(0, fit.Width), upper, lower, tensor, tensorWidth, tensorHeight);
        }
        finally
        {
            ArrayPool<Tap>.Shared.Return(columns);
            ArrayPool<float>.Shared.Return(rows);
        }
    }

    /// <summary>An image that is not scaled: its rows go straight into the planes.</summary>
    private static void Convert(
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
    /// Blends, for each row of the tensor, the two nearest rows of the image, scaled to width only once each.
    /// </summary>
    private static void FillRows(
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

    /// <summary>One row of the image scaled to width and normalised, in the tensor's layout.</summary>
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

    /// <summary>Two neighbouring source positions and the weight, 0 to 1, of the second.</summary>
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
