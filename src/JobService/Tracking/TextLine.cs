using ForegSyte.V1;

namespace ForegSyte.Jobs.Tracking;

/// <summary>The place of a line of text: its four corners in pixels, clockwise from the top left one in reading
/// direction.</summary>
internal sealed class TextLine
{
    private readonly (double X, double Y)[] _corners;

    private TextLine((double X, double Y)[] corners)
    {
        _corners = corners;
        (CenterX, CenterY) = (corners.Average(corner => corner.X), corners.Average(corner => corner.Y));
        Height = (Distance(corners[0], corners[3]) + Distance(corners[1], corners[2])) / 2;
        Area = AreaOf(corners);
        Radius = corners.Max(corner => Distance(corner, (CenterX, CenterY)));
    }

    public double CenterX { get; }

    public double CenterY { get; }

    /// <summary>Mean length of the two short sides.</summary>
    public double Height { get; }

    public double Area { get; }

    /// <summary>Distance of the farthest corner from the centre.</summary>
    public double Radius { get; }

    /// <summary>The smaller of two sizes as a share of the larger one.</summary>
    public static double Ratio(double size, double other) => Math.Min(size, other) / Math.Max(size, other);

    /// <summary>The line of a polygon; null if it does not have four corners around an area.</summary>
    public static TextLine? Of(IReadOnlyList<Point> polygon)
    {
        if (polygon.Count != 4 || polygon.Any(point => !float.IsFinite(point.X) || !float.IsFinite(point.Y)))
        {
            return null;
        }

        var line = new TextLine([.. polygon.Select(point => ((double)point.X, (double)point.Y))]);
        return line.Area > 0 && line.Height > 0 ? line : null;
    }

    public TextLine MovedBy(double x, double y) =>
        new([.. _corners.Select(corner => (corner.X + x, corner.Y + y))]);

    /// <summary>The line with each side moved outward by a length in pixels.</summary>
    public TextLine GrownBy(double length)
    {
        var along = Direction(_corners[0], _corners[1], _corners[3], _corners[2]);
        var down = Direction(_corners[0], _corners[3], _corners[1], _corners[2]);
        return new TextLine(
        [
            Moved(_corners[0], -1, -1), Moved(_corners[1], 1, -1), Moved(_corners[2], 1, 1), Moved(_corners[3], -1, 1),
        ]);

        (double X, double Y) Moved((double X, double Y) corner, int alongSign, int downSign) => (
            corner.X + (length * ((alongSign * along.X) + (downSign * down.X))),
            corner.Y + (length * ((alongSign * along.Y) + (downSign * down.Y))));
    }

    public double DistanceTo(TextLine other) => Distance((CenterX, CenterY), (other.CenterX, other.CenterY));

    /// <summary>
    /// Area of the intersection in pixels: this polygon clipped at each side of the other one (Sutherland and Hodgman
    /// 1974, "Reentrant polygon clipping"). Right for convex polygons, which those of text lines are.
    /// </summary>
    public double IntersectionWith(TextLine other)
    {
        List<(double X, double Y)> clipped = [.. _corners];
        for (var index = 0; index < other._corners.Length && clipped.Count > 0; index++)
        {
            var (start, end) = (other._corners[index], other._corners[(index + 1) % other._corners.Length]);
            List<(double X, double Y)> kept = [];
            for (var corner = 0; corner < clipped.Count; corner++)
            {
                var (from, to) = (clipped[corner], clipped[(corner + 1) % clipped.Count]);
                var (fromSide, toSide) = (Side(start, end, from), Side(start, end, to));
                if (fromSide >= 0)
                {
                    kept.Add(from);
                }

                if ((fromSide < 0) != (toSide < 0))
                {
                    var share = fromSide / (fromSide - toSide);
                    kept.Add((from.X + (share * (to.X - from.X)), from.Y + (share * (to.Y - from.Y))));
                }
            }

            clipped = kept;
        }

        return Math.Max(AreaOf(clipped), 0);
    }

    private static (double X, double Y) Direction(
        (double X, double Y) start, (double X, double Y) end, (double X, double Y) otherStart,
        (double X, double Y) otherEnd)
    {
        var (x, y) = (end.X - start.X + otherEnd.X - otherStart.X, end.Y - start.Y + otherEnd.Y - otherStart.Y);
        var length = Math.Sqrt((x * x) + (y * y));
        return length > 0 ? (x / length, y / length) : (0, 0);
    }

    private static double Distance((double X, double Y) a, (double X, double Y) b) =>
        Math.Sqrt(((a.X - b.X) * (a.X - b.X)) + ((a.Y - b.Y) * (a.Y - b.Y)));

    /// <summary>Positive to the right of a side, which is the inside of a clockwise polygon; y points
    /// downwards.</summary>
    private static double Side((double X, double Y) start, (double X, double Y) end, (double X, double Y) point) =>
        ((end.X - start.X) * (point.Y - start.Y)) - ((end.Y - start.Y) * (point.X - start.X));

    /// <summary>Area by the shoelace formula; negative for corners that are not clockwise.</summary>
    private static double AreaOf(IReadOnlyList<(double X, double Y)> corners)
    {
        double sum = 0;
        for (var index = 0; index < corners.Count; index++)
        {
            var (a, b) = (corners[index], corners[(index + 1) % corners.Count]);
            sum += (a.X * b.Y) - (b.X * a.Y);
        }

        return sum / 2;
    }
}
