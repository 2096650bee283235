namespace ForegSyte.Inference.Vision;

/// <summary>Convex hull by Andrew's monotone chain (A. M. Andrew, Information Processing Letters 9, 1979).</summary>
internal static class ConvexHull
{
    /// <summary>
    /// The corners of the hull, clockwise on screen, without points on its edges. One or two points where all points
    /// are the same or on one line.
    /// </summary>
    /// <param name="points">Points in any order; sorted in place.</param>
    public static List<PixelPoint> Of(List<PixelPoint> points)
    {
        points.Sort(static (a, b) => a.X != b.X ? a.X.CompareTo(b.X) : a.Y.CompareTo(b.Y));
        var hull = new List<PixelPoint>();
        foreach (var point in points)
        {
            Append(hull, point, 0);
        }

        var lowerCount = hull.Count;
        for (var i = points.Count - 2; i >= 0; i--)
        {
            Append(hull, points[i], lowerCount - 1);
        }

        if (hull.Count > 1)
        {
            hull.RemoveAt(hull.Count - 1);
        }

        return hull;
    }

    private static void Append(List<PixelPoint> hull, PixelPoint point, int fixedCount)
    {
        while (hull.Count >= fixedCount + 2 && PixelPoint.Cross(hull[^1] - hull[^2], point - hull[^2]) <= 0)
        {
            hull.RemoveAt(hull.Count - 1);
        }

        if (hull.Count == 0 || hull[^1] != point)
        {
            hull.Add(point);
        }
    }
}
