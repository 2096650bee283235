namespace ForegSyte.Inference.Vision;

/// <summary>
/// Cuts a rectangle at any angle out of an image and writes it, upright and scaled, into a planar float tensor.
/// Bilinear, with pixel centres at half coordinates; what lies outside the image repeats its edge.
/// </summary>
internal static class QuadSampler
{
    /// <summary>Fills the first <paramref name="width"/> columns of a [3, height, stride] tensor.</summary>
    /// <param name="image">The image.</param>
    /// <param name="quad">What to cut, in pixels of the image.</param>
    /// <param name="format">Channel order and normalisation; the layout has to be planar.</param>
    /// <param name="tensor">3 * height * stride values; columns from width on are left as they are.</param>
    /// <param name="width">Columns to fill.</param>
    /// <param name="height">Rows to fill.</param>
    /// <param name="stride">Columns of the tensor, at least width.</param>
    public static void Fill(
        RgbImage image, in Quad quad, TensorFormat format, Span<float> tensor, int width, int height, int stride)
    {
        if (format.Layout != TensorLayout.Planar || tensor.Length != TensorFormat.ChannelCount * height * stride)
        {
            throw new ArgumentException($"The tensor has to be planar, 3x{height}x{stride}.", nameof(tensor));
        }

        var along = (quad.TopRight - quad.TopLeft) * (1f / width);
        var down = (quad.BottomLeft - quad.TopLeft) * (1f / height);
        for (var y = 0; y < height; y++)
        {
            // Centre of the first target pixel of the row, in the image's pixel indexes.
            var start = quad.TopLeft + (down * (y + 0.5f)) + (along * 0.5f) - new PixelPoint(0.5f, 0.5f);
            FillRow(image, start, along, format, tensor[(y * stride)..], width, height * stride);
        }
    }

    private static void FillRow(
        RgbImage image, PixelPoint start, PixelPoint along, TensorFormat format, Span<float> row, int width, int plane)
    {
        for (var x = 0; x < width; x++)
        {
            var column = Math.Clamp(start.X + (along.X * x), 0, image.Width - 1);
            var line = Math.Clamp(start.Y + (along.Y * x), 0, image.Height - 1);
            var (left, top) = ((int)column, (int)line);
            var (weightX, weightY) = (column - left, line - top);
            var right = Math.Min(left + 1, image.Width - 1) * RgbImage.BytesPerPixel;
            left *= RgbImage.BytesPerPixel;
            var upper = image.Row(top);
            var lower = image.Row(Math.Min(top + 1, image.Height - 1));
            for (var channel = 0; channel < TensorFormat.ChannelCount; channel++)
            {
                var source = format.SourceByteOf(channel);
                var above = upper[left + source] + ((upper[right + source] - upper[left + source]) * weightX);
                var below = lower[left + source] + ((lower[right + source] - lower[left + source]) * weightX);
                var value = above + ((below - above) * weightY);
                row[(channel * plane) + x] = (value * format.ScaleOf(channel)) + format.OffsetOf(channel);
            }
        }
    }
}
