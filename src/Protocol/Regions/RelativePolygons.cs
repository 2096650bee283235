using ForegSyte.V1;
using Google.Protobuf.Collections;

namespace ForegSyte.Protocol.Regions;

/// <summary>Rules and geometry of <see cref="RelativePolygon"/>.</summary>
public static class RelativePolygons
{
    /// <summary>Minimum number of corners.</summary>
    public const int MinPoints = 3;

    /// <summary>Maximum number of corners.</summary>
    public const int MaxPoints = 100;

    /// <summary>What is wrong with a polygon, and the path of the field from the polygon on; null if nothing.</summary>
    /// <returns>For example ("points[2].x", "must be 0 to 1"), or ("points", "must not cross itself").</returns>
    public static (string Field, string Problem)? MistakeIn(RelativePolygon polygon)
    {
        var points = polygon.Points;
        if (points.Count is < MinPoints or > MaxPoints)
        {
            return ("points", $"must have {MinPoints} to {MaxPoints} corners; it has {points.Count}");
        }

        for (var index = 0; index < points.Count; index++)
        {
            if (MistakeIn(points[index]) is { } field)
            {
                return ($"points[{index}].{field}", "must be 0 to 1");
            }
        }

        for (var index = 0; index < points.Count; index++)
        {
            if (points[index].Equals(points[(index + 1) % points.Count]))
            {
                return ("points", $"must not have the same corner twice in a row, as at {index}");
            }
        }

        for (var first = 0; first < points.Count; first++)
        {
            for (var second = first + 1; second < points.Count; second++)
            {
                if (Crosses(points, first, second))
                {
                    return ("points", $"must not cross itself, as the sides from the corners {first} and {second} do");
                }
            }
        }

        return null;
    }

    /// <summary>The field of a point that is not 0 to 1, "x" or "y"; null if both are.</summary>
    public static string? MistakeIn(RelativePoint point) =>
        point.X is not (>= 0 and <= 1) ? "x" : point.Y is not (>= 0 and <= 1) ? "y" : null;

    /// <summary>
    /// Whether a point is inside a polygon, by the number of sides on the right of it (even-odd rule). Points on its
    /// left and upper sides are inside, those on its right and lower sides are not, so that neighboring polygons share
    /// none; the frame's own right and lower edges are inside.
    /// </summary>
    /// <param name="polygon">A valid polygon.</param>
    /// <param name="x">Distance from the left edge of the frame in widths, 0 to 1.</param>
    /// <param name="y">Distance from the top edge of the frame in heights, 0 to 1.</param>
    public static bool Contains(RelativePolygon polygon, double x, double y)
    {
        (x, y) = (Math.Min(x, double.BitDecrement(1)), Math.Min(y, double.BitDecrement(1)));
        var isInside = false;
        var points = polygon.Points;
        for (var index = 0; index < points.Count; index++)
        {
            var (a, b) = (points[index], points[(index + 1) % points.Count]);
            if (a.Y <= y != b.Y <= y && x < a.X + ((y - a.Y) / (b.Y - a.Y) * (b.X - a.X)))
            {
                isInside = !isInside;
            }
        }

        return isInside;
    }

    /// <summary>Whether two sides have a point in common that is not the corner between them.</summary>
    private static bool Crosses(RepeatedField<RelativePoint> points, int first, int second)
    {
        var (a, b) = (points[first], points[(first + 1) % points.Count]);
        var (c, d) = (points[second], points[(second + 1) % points.Count]);
        var isNext = second == first + 1;
        var isLast = first == (second + 1) % points.Count;
        if (isNext || isLast)
        {
            // Neighbors share a corner; they cross only if one runs back along the other.
            var (far, corner, other) = isNext ? (a, b, d) : (c, a, b);
            return Turn(far, corner, other) == 0
                && ((far.X - corner.X) * (other.X - corner.X)) + ((far.Y - corner.Y) * (other.Y - corner.Y)) > 0;
        }

        var (ab, ba) = (Turn(a, b, c), Turn(a, b, d));
        var (cd, dc) = (Turn(c, d, a), Turn(c, d, b));
        return (ab * ba < 0 && cd * dc < 0)
            || (ab == 0 && IsBetween(a, b, c)) || (ba == 0 && IsBetween(a, b, d))
            || (cd == 0 && IsBetween(c, d, a)) || (dc == 0 && IsBetween(c, d, b));
    }

    private static int Turn(RelativePoint a, RelativePoint b, RelativePoint c) =>
        Math.Sign(((b.X - a.X) * (c.Y - a.Y)) - ((b.Y - a.Y) * (c.X - a.X)));

    private static bool IsBetween(RelativePoint a, RelativePoint b, RelativePoint c) =>
        c.X >= Math.Min(a.X, b.X) && c.X <= Math.Max(a.X, b.X)
        && c.Y >= Math.Min(a.Y, b.Y) && c.Y <= Math.Max(a.Y, b.Y);
}
