namespace ForegSyte.Inference.Vision;

/// <summary>
/// Finds text lines in the probability map of a DB network (M. Liao et al., "Real-time Scene Text Detection with
/// Differentiable Binarization", AAAI 2020), the way PaddleOCR's DBPostProcess does.
/// </summary>
internal static class TextMap
{
    /// <summary>
    /// Shortest side of a region before it grows, in pixels of the map: PaddleOCR's min_size. Less is noise.
    /// </summary>
    public const float MinimumSide = 3;

    /// <summary>
    /// Rectangles around the text lines, in pixels of the map. The network marks the shrunk core of a line; a core of
    /// area A and perimeter P grows by A * unclip / P on each side (equation 10 of the paper).
    /// </summary>
    /// <param name="map">height * width probabilities, row by row.</param>
    /// <param name="width">Width of the map.</param>
    /// <param name="height">Height of the map.</param>
    /// <param name="thresholds">Thresholds and limits.</param>
    /// <returns>Rectangles with their confidence (mean probability of the core's rectangle), most confident
    /// first.</returns>
    public static List<TextBox> Find(ReadOnlySpan<float> map, int width, int height, in TextMapThresholds thresholds)
    {
        if (map.Length != width * height)
        {
            throw new ArgumentException($"{map.Length} probabilities are not {width}x{height}.", nameof(map));
        }

        var boxes = new List<TextBox>();
        foreach (var component in ConnectedComponents.Find(map, width, height, thresholds.Pixel))
        {
            var core = MinimumAreaRectangle.Around(ConvexHull.Of(component.OutlinePoints()));
            if (Math.Min(core.Width, core.Height) < MinimumSide)
            {
                continue;
            }

            var confidence = MeanInside(map, width, height, core);
            if (confidence >= thresholds.Box)
            {
                var distance = core.Width * core.Height * thresholds.Unclip / (2 * (core.Width + core.Height));
                boxes.Add(new TextBox(core.GrownBy(distance), confidence));
            }
        }

        boxes.Sort(static (a, b) => b.Confidence.CompareTo(a.Confidence));
        return boxes;
    }

    /// <summary>Mean of the map over the pixels whose centres lie inside a rectangle; 0 where there are none.</summary>
    internal static float MeanInside(ReadOnlySpan<float> map, int width, int height, in Quad quad)
    {
        var (along, down) = (quad.TopRight - quad.TopLeft, quad.BottomLeft - quad.TopLeft);
        var (alongSquared, downSquared) = (Dot(along, along), Dot(down, down));
        var left = Math.Max(0, (int)Min(quad, static point => point.X));
        var top = Math.Max(0, (int)Min(quad, static point => point.Y));
        var right = Math.Min(width, (int)MathF.Ceiling(-Min(quad, static point => -point.X)));
        var bottom = Math.Min(height, (int)MathF.Ceiling(-Min(quad, static point => -point.Y)));
        var sum = 0d;
        var count = 0;
        for (var y = top; y < bottom; y++)
        {
            for (var x = left; x < right; x++)
            {
                var point = new PixelPoint(x + 0.5f, y + 0.5f) - quad.TopLeft;
                var (a, d) = (Dot(point, along), Dot(point, down));
                if (a >= 0 && a <= alongSquared && d >= 0 && d <= downSquared)
                {
                    sum += map[(y * width) + x];
                    count++;
                }
            }
        }

        return count == 0 ? 0 : (float)(sum / count);
    }

    private static float Dot(PixelPoint a, PixelPoint b) => (a.X * b.X) + (a.Y * b.Y);

    private static float Min(in Quad quad, Func<PixelPoint, float> of) => Math.Min(
        Math.Min(of(quad.TopLeft), of(quad.TopRight)), Math.Min(of(quad.BottomRight), of(quad.BottomLeft)));
}
