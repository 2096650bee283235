namespace ForegSyte.Inference.Vision;

/// <summary>
/// Joins regions that are words of one line. In large pictures the network marks the words of large letters apart;
/// read apart they lose the spaces between them and, cut short, their outer letters.
/// </summary>
internal static class TextLineJoining
{
    /// <summary>Regions are of one line where the lower is at least this share as high as the other.</summary>
    public const float LeastHeightRatio = 0.6f;

    /// <summary>… and their middles are apart by at most this share of the lower one's height.</summary>
    public const float MostOffset = 0.3f;

    /// <summary>
    /// The regions with those of one line joined; regions that are taller than wide take in no others. Their order is
    /// that of the surest part of each.
    /// </summary>
    /// <param name="regions">The regions, the surest first.</param>
    /// <param name="widestGap">
    /// The widest gap between two of a line, as a share of the height of the lower one; 0 joins none.
    /// </param>
    public static List<TextBox> Join(IReadOnlyList<TextBox> regions, float widestGap)
    {
        var joined = regions.ToList();
        bool isChanged;
        do
        {
            // Again after a change: a longer line may reach others that were passed before.
            isChanged = widestGap > 0 && JoinOnce(joined, widestGap);
        }
        while (isChanged);

        return joined;
    }

    private static bool JoinOnce(List<TextBox> regions, float widestGap)
    {
        var before = regions.Count;
        for (var i = 0; i < regions.Count; i++)
        {
            for (var j = i + 1; j < regions.Count; j++)
            {
                if (TryJoin(regions[i], regions[j], widestGap) is { } line)
                {
                    regions[i] = line;
                    regions.RemoveAt(j--);
                }
            }
        }

        return regions.Count < before;
    }

    private static TextBox? TryJoin(in TextBox first, in TextBox second, float widestGap)
    {
        var isFirstWider = first.Quad.Width >= second.Quad.Width;
        var (wide, other) = isFirstWider ? (first.Quad, second.Quad) : (second.Quad, first.Quad);
        if (wide.Width < wide.Height || wide.Height <= 0)
        {
            return null;
        }

        // Everything as seen along the wider region: x from its left edge, y from its top edge.
        var along = (wide.TopRight - wide.TopLeft) * (1 / wide.Width);
        var down = (wide.BottomLeft - wide.TopLeft) * (1 / wide.Height);
        var (left, right) = Extent(other, wide.TopLeft, along);
        var (top, bottom) = Extent(other, wide.TopLeft, down);
        var lower = Math.Min(wide.Height, bottom - top);
        var offset = Math.Abs(((top + bottom) / 2) - (wide.Height / 2));
        var gap = Math.Max(left - wide.Width, -right);
        if (lower < LeastHeightRatio * Math.Max(wide.Height, bottom - top)
            || offset > MostOffset * lower
            || gap > widestGap * lower)
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

    private static (float Least, float Greatest) Extent(in Quad quad, PixelPoint origin, PixelPoint axis)
    {
        var (a, b) = (Along(quad.TopLeft), Along(quad.TopRight));
        var (c, d) = (Along(quad.BottomRight), Along(quad.BottomLeft));
        return (Math.Min(Math.Min(a, b), Math.Min(c, d)), Math.Max(Math.Max(a, b), Math.Max(c, d)));

        float Along(PixelPoint point)
        {
            var offset = point - origin;
            return (offset.X * axis.X) + (offset.Y * axis.Y);
        }
    }
}
