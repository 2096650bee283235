namespace ForegSyte.Inference.Vision;

/// <summary>
/// The smallest rectangle at any angle around points. One of its sides lies on a side of the convex hull
/// (H. Freeman and R. Shapira, Communications of the ACM 18, 1975), so that every side of the hull is tried. This takes
/// time that grows with the square of the hull's corners, of which a text region has a few dozen.
/// </summary>
internal static class MinimumAreaRectangle
{
    /// <summary>A shorter side of the hull, in pixels, has no direction that 32-bit numbers can tell.</summary>
    private const float ShortestSide = 1e-3f;

    /// <summary>The rectangle with its corners in the order of <see cref="Arrange"/>.</summary>
    /// <param name="hull">Corners of a convex hull, at least one.</param>
    public static Quad Around(IReadOnlyList<PixelPoint> hull)
    {
        ArgumentOutOfRangeException.ThrowIfZero(hull.Count);
        var best = new Quad(hull[0], hull[0], hull[0], hull[0]);
        var bestArea = float.PositiveInfinity;
        for (var i = 0; i < hull.Count; i++)
        {
            var side = hull[(i + 1) % hull.Count] - hull[i];
            var length = side.Length;
            if (length > ShortestSide)
            {
                var (candidate, area) = AlongDirection(hull, side * (1 / length));
                if (area < bestArea)
                {
                    (best, bestArea) = (candidate, area);
                }
            }
        }

        return Arrange(best);
    }

    private static (Quad Rectangle, float Area) AlongDirection(IReadOnlyList<PixelPoint> hull, PixelPoint along)
    {
        // Relative to the first corner, so that large coordinates do not cost accuracy.
        var origin = hull[0];
        var across = new PixelPoint(-along.Y, along.X);
        var (minAlong, maxAlong, minAcross, maxAcross) = (0f, 0f, 0f, 0f);
        foreach (var corner in hull)
        {
            var point = corner - origin;
            var a = (point.X * along.X) + (point.Y * along.Y);
            var b = (point.X * across.X) + (point.Y * across.Y);
            (minAlong, maxAlong) = (MathF.Min(minAlong, a), MathF.Max(maxAlong, a));
            (minAcross, maxAcross) = (MathF.Min(minAcross, b), MathF.Max(maxAcross, b));
        }

        var rectangle = new Quad(
            At(minAlong, minAcross), At(maxAlong, minAcross), At(maxAlong, maxAcross), At(minAlong, maxAcross));
        return (rectangle, (maxAlong - minAlong) * (maxAcross - minAcross));

        PixelPoint At(float a, float b) => origin + (along * a) + (across * b);
    }

    /// <summary>
    /// Starts a rectangle's corners at the top left of its text: of the two left corners the upper one, and then
    /// clockwise, the rule of PaddleOCR's get_mini_boxes.
    /// </summary>
    internal static Quad Arrange(in Quad rectangle)
    {
        PixelPoint[] corners = [rectangle.TopLeft, rectangle.TopRight, rectangle.BottomRight, rectangle.BottomLeft];
        Array.Sort(corners, static (a, b) => a.X != b.X ? a.X.CompareTo(b.X) : a.Y.CompareTo(b.Y));
        var (topLeft, bottomLeft) = Upper(corners[0], corners[1]);
        var (topRight, bottomRight) = Upper(corners[2], corners[3]);
        return new(topLeft, topRight, bottomRight, bottomLeft);

        static (PixelPoint Upper, PixelPoint Lower) Upper(PixelPoint a, PixelPoint b) => a.Y <= b.Y ? (a, b) : (b, a);
    }
}
