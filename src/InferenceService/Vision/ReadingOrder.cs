namespace ForegSyte.Inference.Vision;

/// <summary>The order in which people read regions: row by row from the top, each row from the left.</summary>
internal static class ReadingOrder
{
    /// <summary>
    /// Indexes of the regions in reading order. A region belongs to the row above it while its centre is nearer to the
    /// row's first region than half the height of the lower of the two; so a tilted or larger neighbour stays in the
    /// row.
    /// </summary>
    public static int[] Of(IReadOnlyList<Quad> regions)
    {
        var boxes = regions.Select(Extent).ToArray();
        var order = Enumerable.Range(0, boxes.Length)
            .OrderBy(index => boxes[index].CentreY)
            .ThenBy(index => boxes[index].Left)
            .ToArray();
        var rowStart = 0;
        for (var i = 1; i <= order.Length; i++)
        {
            if (i < order.Length && SameRow(boxes[order[rowStart]], boxes[order[i]]))
            {
                continue;
            }

            Array.Sort(order, rowStart, i - rowStart, Comparer<int>.Create((a, b) =>
                (boxes[a].Left, boxes[a].CentreY, a).CompareTo((boxes[b].Left, boxes[b].CentreY, b))));
            rowStart = i;
        }

        return order;
    }

    private static bool SameRow(
        (float Left, float CentreY, float Height) first, (float Left, float CentreY, float Height) other) =>
        other.CentreY - first.CentreY < Math.Min(first.Height, other.Height) / 2;

    private static (float Left, float CentreY, float Height) Extent(Quad quad)
    {
        PixelPoint[] corners = [quad.TopLeft, quad.TopRight, quad.BottomRight, quad.BottomLeft];
        var (top, bottom) = (corners.Min(corner => corner.Y), corners.Max(corner => corner.Y));
        return (corners.Min(corner => corner.X), (top + bottom) / 2, bottom - top);
    }
}
