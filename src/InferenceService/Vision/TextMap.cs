namespace ForegSyte.Inference.Vision;

/// <summary>A rotated rectangle around a line of text.</summary>
/// <param name="Quad">The rectangle.</param>
/// <param name="Confidence">Confidence of the text detector, 0 to 1.</param>
internal readonly record struct TextBox(Quad Quad, float Confidence);

/// <summary>Thresholds of <see cref="TextMap"/>.</summary>
/// <param name="Pixel">A pixel is text if its probability exceeds this, 0 to 1.</param>
/// <param name="Box">A region is dropped if its mean probability is below this, 0 to 1.</param>
/// <param name="Unclip">How far a region expands; see <see cref="TextMap.Find"/>.</param>
internal readonly record struct TextMapThresholds(float Pixel, float Box, float Unclip);

/// <summary>
/// Finds text lines in the probability map of a DB network (M. Liao et al., "Real-time Scene Text Detection with
/// Differentiable Binarization", AAAI 2020), with the steps of PaddleOCR's DBPostProcess: components, rectangles around
/// their hulls, scores, expansion.
/// </summary>
internal static class TextMap
{
    /// <summary>
    /// Minimum side of a region before it expands, in map pixels (PaddleOCR, min_size). Smaller regions are noise.
    /// </summary>
    public const float MinimumSide = 3;

    /// <summary>
    /// Rectangles around the text lines, in map pixels. The network marks the shrunk core of a line; a core of area A
    /// and perimeter P expands by A * unclip / P on each side (equation 10 of the paper).
    /// </summary>
    /// <param name="map">height * width probabilities, row by row.</param>
    /// <param name="width">Width of the map.</param>
    /// <param name="height">Height of the map.</param>
    /// <param name="thresholds">The thresholds.</param>
    /// <returns>The rectangles by descending confidence: the mean probability inside the core's rectangle.</returns>
    /// <exception cref="ArgumentException">The length of the map does not match its size.</exception>
    public static List<TextBox> Find(ReadOnlySpan<float> map, int width, int height, in TextMapThresholds thresholds)
    {
        if (map.Length != width * height)
        {
            throw new ArgumentException($"A map of {width}x{height} cannot have {map.Length} values.", nameof(map));
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
                boxes.Add(new TextBox(core.ExpandedBy(distance), confidence));
            }
        }

        boxes.Sort(static (a, b) => b.Confidence.CompareTo(a.Confidence));
        return boxes;
    }

    /// <summary>Mean over the pixels whose centers lie inside a rectangle; 0 if no center does.</summary>
    internal static float MeanInside(ReadOnlySpan<float> map, int width, int height, in Quad quad)
    {
        var (along, down) = (quad.TopRight - quad.TopLeft, quad.BottomLeft - quad.TopLeft);
        var (alongSquared, downSquared) = (PixelPoint.Dot(along, along), PixelPoint.Dot(down, down));
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
                var (a, d) = (PixelPoint.Dot(point, along), PixelPoint.Dot(point, down));
                if (a >= 0 && a <= alongSquared && d >= 0 && d <= downSquared)
                {
                    sum += map[(y * width) + x];
                    count++;
                }
            }
        }

        return count == 0 ? 0 : (float)(sum / count);
    }

    private static float Min(in Quad quad, Func<PixelPoint, float> of) => Math.Min(
        Math.Min(of(quad.TopLeft), of(quad.TopRight)), Math.Min(of(quad.BottomRight), of(quad.BottomLeft)));
}

/// <summary>
/// Labels the pixels above a threshold that touch by a side or a corner (8-connected, like OpenCV's findContours), in
/// one pass over the runs of each row with a union-find forest.
/// </summary>
internal static class ConnectedComponents
{
    /// <summary>The components, in the order of their first pixel.</summary>
    /// <param name="map">height * width values, row by row.</param>
    /// <param name="width">Width of the map.</param>
    /// <param name="height">Height of the map.</param>
    /// <param name="threshold">A pixel belongs to a component if its value exceeds this.</param>
    public static IReadOnlyList<ConnectedComponent> Find(ReadOnlySpan<float> map, int width, int height,
        float threshold)
    {
        var runs = new List<Run>();
        var parents = new List<int>();
        var previousStart = 0;
        for (var y = 0; y < height; y++)
        {
            var currentStart = runs.Count;
            AppendRuns(map.Slice(y * width, width), y, threshold, runs, parents);
            Connect(runs, parents, previousStart, currentStart);
            previousStart = currentStart;
        }

        return Collect(runs, parents);
    }

    private static void AppendRuns(ReadOnlySpan<float> row, int y, float threshold, List<Run> runs, List<int> parents)
    {
        for (var x = 0; x < row.Length; x++)
        {
            if (!(row[x] > threshold))
            {
                continue;
            }

            var first = x;
            while (x + 1 < row.Length && row[x + 1] > threshold)
            {
                x++;
            }

            parents.Add(runs.Count);
            runs.Add(new Run(y, first, x));
        }
    }

    /// <summary>Unites each run of the current row with the runs of the row above that it touches.</summary>
    private static void Connect(List<Run> runs, List<int> parents, int previousStart, int currentStart)
    {
        var above = previousStart;
        for (var current = currentStart; current < runs.Count; current++)
        {
            while (above < currentStart && runs[above].Last + 1 < runs[current].First)
            {
                above++;
            }

            for (var i = above; i < currentStart && runs[i].First <= runs[current].Last + 1; i++)
            {
                var (a, b) = (Root(parents, i), Root(parents, current));
                parents[Math.Max(a, b)] = Math.Min(a, b);
            }
        }
    }

    private static int Root(List<int> parents, int index)
    {
        while (parents[index] != index)
        {
            parents[index] = parents[parents[index]];
            index = parents[index];
        }

        return index;
    }

    private static List<ConnectedComponent> Collect(List<Run> runs, List<int> parents)
    {
        var components = new List<ConnectedComponent>();
        var byRoot = new Dictionary<int, ConnectedComponent>();
        for (var i = 0; i < runs.Count; i++)
        {
            var root = Root(parents, i);
            if (!byRoot.TryGetValue(root, out var component))
            {
                component = new ConnectedComponent();
                byRoot.Add(root, component);
                components.Add(component);
            }

            component.Add(runs[i].Row, runs[i].First, runs[i].Last);
        }

        return components;
    }

    private readonly record struct Run(int Row, int First, int Last);
}

/// <summary>A connected component as the first and last pixel of each row, enough for its convex hull.</summary>
internal sealed class ConnectedComponent
{
    private readonly List<(int Row, int First, int Last)> _rows = [];

    /// <summary>Adds the pixels first to last of a row. Rows must come in ascending order.</summary>
    public void Add(int row, int first, int last)
    {
        if (_rows.Count > 0 && _rows[^1].Row == row)
        {
            _rows[^1] = (row, Math.Min(_rows[^1].First, first), Math.Max(_rows[^1].Last, last));
        }
        else
        {
            _rows.Add((row, first, last));
        }
    }

    /// <summary>
    /// The outer corners of the outermost pixels of each row; a single pixel gives the corners of a unit square.
    /// </summary>
    public List<PixelPoint> OutlinePoints()
    {
        var points = new List<PixelPoint>(_rows.Count * 4);
        foreach (var (row, first, last) in _rows)
        {
            points.Add(new PixelPoint(first, row));
            points.Add(new PixelPoint(last + 1, row));
            points.Add(new PixelPoint(first, row + 1));
            points.Add(new PixelPoint(last + 1, row + 1));
        }

        return points;
    }
}

/// <summary>Convex hull by the monotone chain (A. M. Andrew, Information Processing Letters 9, 1979).</summary>
internal static class ConvexHull
{
    /// <summary>
    /// The corners of the hull, clockwise on screen, without the points on its edges. Equal points give one corner,
    /// points on one line give two.
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

/// <summary>
/// The rotated rectangle of minimum area around points. One of its sides lies on a side of the convex hull (H. Freeman
/// and R. Shapira, Communications of the ACM 18, 1975), so that trying every side finds it. The time grows with the
/// square of the number of hull corners, a few dozen for a text region.
/// </summary>
internal static class MinimumAreaRectangle
{
    /// <summary>Minimum length of a hull side in pixels; the direction of a shorter one is lost in rounding.</summary>
    private const float MinimumSideLength = 1e-3f;

    /// <summary>The rectangle; the order of its corners is that of <see cref="Arrange"/>.</summary>
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
            if (length > MinimumSideLength)
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
        // Coordinates relative to the first corner keep their precision far from the origin.
        var origin = hull[0];
        var across = new PixelPoint(-along.Y, along.X);
        var (minAlong, maxAlong, minAcross, maxAcross) = (0f, 0f, 0f, 0f);
        foreach (var corner in hull)
        {
            var point = corner - origin;
            var (a, b) = (PixelPoint.Dot(point, along), PixelPoint.Dot(point, across));
            (minAlong, maxAlong) = (MathF.Min(minAlong, a), MathF.Max(maxAlong, a));
            (minAcross, maxAcross) = (MathF.Min(minAcross, b), MathF.Max(maxAcross, b));
        }

        var rectangle = new Quad(
            At(minAlong, minAcross), At(maxAlong, minAcross), At(maxAlong, maxAcross), At(minAlong, maxAcross));
        return (rectangle, (maxAlong - minAlong) * (maxAcross - minAcross));

        PixelPoint At(float a, float b) => origin + (along * a) + (across * b);
    }

    /// <summary>
    /// Orders the corners clockwise from the top left of the text: the upper one of the two leftmost corners comes
    /// first (PaddleOCR, get_mini_boxes).
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
