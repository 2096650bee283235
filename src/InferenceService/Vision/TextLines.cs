namespace ForegSyte.Inference.Vision;

/// <summary>
/// Joins detected regions that are words of one line. In large images the network marks the words of large letters
/// separately; read separately, they lose the spaces between them and some of their outer letters.
/// </summary>
internal static class TextLineJoining
{
    /// <summary>
    /// Regions of one line differ in height: the lower one is at least this share as high as the other. Chosen on the
    /// generated lines of "make accuracy", like <see cref="MaximumOffset"/>.
    /// </summary>
    public const float MinimumHeightRatio = 0.6f;

    /// <summary>Maximum distance of their middles, as a share of the height of the lower one.</summary>
    public const float MaximumOffset = 0.3f;

    /// <summary>
    /// Joins the regions of each line. Regions taller than wide take in no others. A line stands at the position of its
    /// most confident part.
    /// </summary>
    /// <param name="regions">The regions by descending confidence.</param>
    /// <param name="maximumGap">
    /// Maximum gap between two regions of a line, as a share of the height of the lower one; 0 disables joining.
    /// </param>
    public static List<TextBox> Join(IReadOnlyList<TextBox> regions, float maximumGap)
    {
        var joined = regions.ToList();
        bool isChanged;
        do
        {
            // A longer line can reach regions that were out of reach before.
            isChanged = maximumGap > 0 && JoinOnce(joined, maximumGap);
        }
        while (isChanged);

        return joined;
    }

    private static bool JoinOnce(List<TextBox> regions, float maximumGap)
    {
        var before = regions.Count;
        for (var i = 0; i < regions.Count; i++)
        {
            for (var j = i + 1; j < regions.Count; j++)
            {
                if (TryJoin(regions[i], regions[j], maximumGap) is { } line)
                {
                    regions[i] = line;
                    regions.RemoveAt(j--);
                }
            }
        }

        return regions.Count < before;
    }

    private static TextBox? TryJoin(in TextBox first, in TextBox second, float maximumGap)
    {
        var isFirstWider = first.Quad.Width >= second.Quad.Width;
        var (wide, other) = isFirstWider ? (first.Quad, second.Quad) : (second.Quad, first.Quad);
        if (wide.Width < wide.Height || wide.Height <= 0)
        {
            return null;
        }

        // Coordinates along the wider region: x from its left edge, y from its top edge.
        var along = (wide.TopRight - wide.TopLeft) * (1 / wide.Width);
        var down = (wide.BottomLeft - wide.TopLeft) * (1 / wide.Height);
        var (left, right) = Extent(other, wide.TopLeft, along);
        var (top, bottom) = Extent(other, wide.TopLeft, down);
        var lower = Math.Min(wide.Height, bottom - top);
        var offset = Math.Abs(((top + bottom) / 2) - (wide.Height / 2));
        var gap = Math.Max(left - wide.Width, -right);
        if (lower < MinimumHeightRatio * Math.Max(wide.Height, bottom - top)
            || offset > MaximumOffset * lower
            || gap > maximumGap * lower)
        {
            return null;
        }

        var (newLeft, newRight) = (Math.Min(0, left), Math.Max(wide.Width, right));
        var (newTop, newBottom) = (Math.Min(0, top), Math.Max(wide.Height, bottom));
        var quad = new Quad(
            At(newLeft, newTop), At(newRight, newTop), At(newRight, newBottom), At(newLeft, newBottom));
        return new TextBox(quad, Math.Max(first.Confidence, second.Confidence));

        PixelPoint At(float x, float y) => wide.TopLeft + (along * x) + (down * y);
    }

    private static (float Minimum, float Maximum) Extent(in Quad quad, PixelPoint origin, PixelPoint axis)
    {
        var (a, b) = (Along(quad.TopLeft), Along(quad.TopRight));
        var (c, d) = (Along(quad.BottomRight), Along(quad.BottomLeft));
        return (Math.Min(Math.Min(a, b), Math.Min(c, d)), Math.Max(Math.Max(a, b), Math.Max(c, d)));

        float Along(PixelPoint point) => PixelPoint.Dot(point - origin, axis);
    }
}

/// <summary>Reading order of text regions: row by row from the top, each row from the left.</summary>
internal static class ReadingOrder
{
    /// <summary>
    /// Indexes of the regions in reading order. A region belongs to a row if its center is less than half the height of
    /// the lower one below the center of the row's first region, so that a tilted or larger neighbor stays in the row.
    /// </summary>
    public static int[] Of(IReadOnlyList<Quad> regions)
    {
        var boxes = regions.Select(Extent).ToArray();
        var order = Enumerable.Range(0, boxes.Length)
            .OrderBy(index => boxes[index].CenterY)
            .ThenBy(index => boxes[index].Left)
            .ToArray();
        var rowStart = 0;
        for (var i = 1; i <= order.Length; i++)
        {
            if (i < order.Length && IsSameRow(boxes[order[rowStart]], boxes[order[i]]))
            {
                continue;
            }

            Array.Sort(order, rowStart, i - rowStart, Comparer<int>.Create((a, b) =>
                (boxes[a].Left, boxes[a].CenterY, a).CompareTo((boxes[b].Left, boxes[b].CenterY, b))));
            rowStart = i;
        }

        return order;
    }

    private static bool IsSameRow((float Left, float CenterY, float Height) first,
        (float Left, float CenterY, float Height) other) =>
        other.CenterY - first.CenterY < Math.Min(first.Height, other.Height) / 2;

    private static (float Left, float CenterY, float Height) Extent(Quad quad)
    {
        PixelPoint[] corners = [quad.TopLeft, quad.TopRight, quad.BottomRight, quad.BottomLeft];
        var (top, bottom) = (corners.Min(corner => corner.Y), corners.Max(corner => corner.Y));
        return (corners.Min(corner => corner.X), (top + bottom) / 2, bottom - top);
    }
}
