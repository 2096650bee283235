namespace ForegSyte.Inference.Vision;

/// <summary>
/// A point in pixels. The origin is the outer corner of the top left pixel: the center of that pixel is (0.5, 0.5), and
/// scaling an image scales every coordinate by the same factor.
/// </summary>
internal readonly record struct PixelPoint(float X, float Y)
{
    public static PixelPoint operator +(PixelPoint a, PixelPoint b) => new(a.X + b.X, a.Y + b.Y);

    public static PixelPoint operator -(PixelPoint a, PixelPoint b) => new(a.X - b.X, a.Y - b.Y);

    public static PixelPoint operator *(PixelPoint a, float factor) => new(a.X * factor, a.Y * factor);

    /// <summary>Distance from the origin.</summary>
    public float Length => MathF.Sqrt((X * X) + (Y * Y));

    /// <summary>Dot product.</summary>
    public static float Dot(PixelPoint a, PixelPoint b) => (a.X * b.X) + (a.Y * b.Y);

    /// <summary>
    /// Cross product: twice the signed area of the triangle (origin, a, b), positive if b is clockwise of a on screen.
    /// </summary>
    public static float Cross(PixelPoint a, PixelPoint b) => (a.X * b.Y) - (a.Y * b.X);
}

/// <summary>
/// A rotated rectangle in pixels. Its corners run clockwise on screen, starting at the top left of its content.
/// </summary>
internal readonly record struct Quad(PixelPoint TopLeft, PixelPoint TopRight, PixelPoint BottomRight,
    PixelPoint BottomLeft)
{
    /// <summary>Length of the top edge.</summary>
    public float Width => (TopRight - TopLeft).Length;

    /// <summary>Length of the left edge.</summary>
    public float Height => (BottomLeft - TopLeft).Length;

    public PixelPoint Center => (TopLeft + BottomRight) * 0.5f;

    /// <summary>
    /// The same rectangle with its content rotated by 90 degrees counterclockwise: the top right corner comes first.
    /// </summary>
    public Quad Rotated90() => new(TopRight, BottomRight, BottomLeft, TopLeft);

    /// <summary>The same rectangle with its content upside down.</summary>
    public Quad Rotated180() => new(BottomRight, BottomLeft, TopLeft, TopRight);

    /// <summary>The part between two positions along the top edge.</summary>
    /// <param name="from">0 for the left edge, 1 for the right one.</param>
    /// <param name="to">The same, greater than from.</param>
    public Quad Part(float from, float to)
    {
        var (top, bottom) = (TopRight - TopLeft, BottomRight - BottomLeft);
        return new(
            TopLeft + (top * from), TopLeft + (top * to), BottomLeft + (bottom * to), BottomLeft + (bottom * from));
    }

    /// <summary>Moves the rectangle.</summary>
    public Quad MovedBy(PixelPoint distance) =>
        new(TopLeft + distance, TopRight + distance, BottomRight + distance, BottomLeft + distance);

    /// <summary>Moves every edge outward by a distance in pixels.</summary>
    public Quad ExpandedBy(float distance)
    {
        var along = Unit(TopRight - TopLeft) * distance;
        var down = Unit(BottomLeft - TopLeft) * distance;
        return new(TopLeft - along - down, TopRight + along - down, BottomRight + along + down,
            BottomLeft - along + down);
    }

    /// <summary>Scales both coordinates.</summary>
    public Quad ScaledBy(float factorX, float factorY)
    {
        return new(Scale(TopLeft), Scale(TopRight), Scale(BottomRight), Scale(BottomLeft));

        PixelPoint Scale(PixelPoint point) => new(point.X * factorX, point.Y * factorY);
    }

    /// <summary>The corners, each clipped to an image.</summary>
    public PixelPoint[] ClippedCorners(float width, float height)
    {
        return [Clip(TopLeft), Clip(TopRight), Clip(BottomRight), Clip(BottomLeft)];

        PixelPoint Clip(PixelPoint point) => new(Math.Clamp(point.X, 0, width), Math.Clamp(point.Y, 0, height));
    }

    private static PixelPoint Unit(PixelPoint vector)
    {
        var length = vector.Length;
        return length > 0 ? vector * (1 / length) : default;
    }
}

/// <summary>
/// Cuts a rotated rectangle out of an image and writes it, upright and scaled, into a planar float tensor. Sampling is
/// bilinear with pixel centers at half coordinates; outside the image the edge pixels repeat.
/// </summary>
internal static class QuadSampler
{
    /// <summary>Fills the first <paramref name="width"/> columns of a [3, height, stride] tensor.</summary>
    /// <param name="image">The image.</param>
    /// <param name="quad">The rectangle to cut out, in image pixels.</param>
    /// <param name="format">Channel order and normalization; the layout must be planar.</param>
    /// <param name="tensor">3 * height * stride values; the columns from width on keep their values.</param>
    /// <param name="width">Columns to fill.</param>
    /// <param name="height">Rows to fill.</param>
    /// <param name="stride">Columns of the tensor, at least width.</param>
    /// <exception cref="ArgumentException">The tensor is not planar or its length does not match its size.</exception>
    public static void Fill(
        RgbImage image, in Quad quad, TensorFormat format, Span<float> tensor, int width, int height, int stride)
    {
        if (format.Layout != TensorLayout.Planar || tensor.Length != TensorFormat.ChannelCount * height * stride)
        {
            throw new ArgumentException($"The tensor must be planar, 3x{height}x{stride}.", nameof(tensor));
        }

        var along = (quad.TopRight - quad.TopLeft) * (1f / width);
        var down = (quad.BottomLeft - quad.TopLeft) * (1f / height);
        for (var y = 0; y < height; y++)
        {
            // Center of the first target pixel of the row, as an index of image pixels.
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
