namespace ForegSyte.Annotation;

/// <summary>An upright rectangle in pixels.</summary>
internal readonly record struct Area(double Left, double Top, double Width, double Height)
{
    /// <summary>Pixels by which sums of coordinates may differ.</summary>
    public const double Tolerance = 1e-6;

    public double Right => Left + Width;

    public double Bottom => Top + Height;

    /// <summary>Whether both share more than an edge.</summary>
    public bool Overlaps(Area other) =>
        Left < other.Right - Tolerance && other.Left < Right - Tolerance
        && Top < other.Bottom - Tolerance && other.Top < Bottom - Tolerance;
}

/// <summary>A label without a place.</summary>
/// <param name="Shape">Bounds of the shape that it names.</param>
/// <param name="Width">Width of the label.</param>
/// <param name="Height">Height of the label.</param>
/// <param name="IsBelow">Whether it belongs below its shape, as the caption of a text does.</param>
internal readonly record struct LabelRequest(Area Shape, double Width, double Height, bool IsBelow);

/// <summary>Places the labels of a frame so that none covers another.</summary>
internal static class LabelPlacement
{
    /// <summary>
    /// Places each label next to its shape or, if that place is taken, at the nearest free place of the frame. A label
    /// gets no place only if the labels before it leave no room for it anywhere.
    /// </summary>
    /// <param name="labels">The labels, the first with the first choice.</param>
    /// <param name="width">Width of the frame.</param>
    /// <param name="height">Height of the frame.</param>
    /// <returns>The place of each label; null without room.</returns>
    public static IReadOnlyList<Area?> Place(IReadOnlyList<LabelRequest> labels, int width, int height)
    {
        var places = new List<Area?>(labels.Count);
        var taken = new List<Area>(labels.Count);
        foreach (var label in labels)
        {
            var place = label.Width > width || label.Height > height
                ? null
                : BesideShape(label, width, height, taken) ?? NearestFree(label, width, height, taken);
            places.Add(place);
            if (place is { } found)
            {
                taken.Add(found);
            }
        }

        return places;
    }

    private static Area? BesideShape(LabelRequest label, int width, int height, List<Area> taken)
    {
        var (shape, above, below) = (label.Shape, label.Shape.Top - label.Height, label.Shape.Bottom);
        var (insideTop, insideBottom) = (shape.Top, shape.Bottom - label.Height);
        var (left, right) = (shape.Left, shape.Right - label.Width);
        ReadOnlySpan<(double Left, double Top)> corners = label.IsBelow
            ? [
                (left, below), (left, above), (right, below), (right, above),
                // On a strip there is room only beside the text.
                (shape.Right, insideTop), (shape.Left - label.Width, insideTop), (left, insideTop),
            ]
            : [(left, above), (left, insideTop), (right, above), (left, below), (right, below), (left, insideBottom)];
        foreach (var corner in corners)
        {
            var place = new Area(
                Math.Clamp(corner.Left, 0, width - label.Width), corner.Top, label.Width, label.Height);
            if (place.Top >= 0 && place.Bottom <= height && IsFree(place, taken))
            {
                return place;
            }
        }

        return null;
    }

    /// <summary>
    /// The nearest free place. A label at any free place can be moved up until it meets the top of the frame or the
    /// bottom of another label, so that it suffices to search the rows that begin there.
    /// </summary>
    private static Area? NearestFree(LabelRequest label, int width, int height, List<Area> taken)
    {
        var wantedLeft = Math.Clamp(label.Shape.Left, 0, width - label.Width);
        var wantedTop = Math.Clamp(
            label.IsBelow ? label.Shape.Bottom : label.Shape.Top - label.Height, 0, height - label.Height);
        var rows = taken.SelectMany(other => new[] { other.Bottom, other.Top - label.Height })
            .Append(0)
            .Append(height - label.Height)
            .Append(wantedTop)
            .Where(top => top >= 0 && top <= height - label.Height)
            .Distinct()
            .OrderBy(top => Math.Abs(top - wantedTop));
        (Area Place, double Distance)? best = null;
        foreach (var top in rows)
        {
            var down = Math.Abs(top - wantedTop);
            if (best is { } known && known.Distance <= down)
            {
                break;
            }

            if (NearestInRow(label, wantedLeft, top, width, taken) is { } left
                && Math.Sqrt((down * down) + ((left - wantedLeft) * (left - wantedLeft))) is var distance
                && (best is null || distance < best.Value.Distance))
            {
                best = (new Area(left, top, label.Width, label.Height), distance);
            }
        }

        return best?.Place;
    }

    private static double? NearestInRow(
        LabelRequest label, double wantedLeft, double top, int width, List<Area> taken)
    {
        var row = new Area(0, top, width, label.Height);
        var blocked = taken.Where(row.Overlaps).OrderBy(other => other.Left).Select(other => (other.Left, other.Right));
        var (gapStart, best) = (0.0, default(double?));
        foreach (var (gapEnd, nextStart) in blocked.Append((width, width)))
        {
            if (gapEnd - gapStart >= label.Width - Area.Tolerance)
            {
                var left = Math.Clamp(wantedLeft, gapStart, Math.Max(gapStart, gapEnd - label.Width));
                if (best is not { } known || Math.Abs(left - wantedLeft) < Math.Abs(known - wantedLeft))
                {
                    best = left;
                }
            }

            gapStart = Math.Max(gapStart, nextStart);
        }

        return best;
    }

    private static bool IsFree(Area place, List<Area> taken) => !taken.Exists(place.Overlaps);
}
