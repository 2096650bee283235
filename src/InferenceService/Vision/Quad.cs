namespace ForegSyte.Inference.Vision;

/// <summary>
/// A rectangle at any angle, in pixels: its corners clockwise on screen, from the top left of what it holds.
/// </summary>
internal readonly record struct Quad(
    PixelPoint TopLeft, PixelPoint TopRight, PixelPoint BottomRight, PixelPoint BottomLeft)
{
    /// <summary>Length of the top edge.</summary>
    public float Width => (TopRight - TopLeft).Length;

    /// <summary>Length of the left edge.</summary>
    public float Height => (BottomLeft - TopLeft).Length;

    public PixelPoint Centre => (TopLeft + BottomRight) * 0.5f;

    /// <summary>
    /// The same rectangle, read after turning it by a quarter counter-clockwise: the top right comes first.
    /// </summary>
    public Quad TurnedQuarter() => new(TopRight, BottomRight, BottomLeft, TopLeft);

    /// <summary>The same rectangle, read upside down.</summary>
    public Quad TurnedHalf() => new(BottomRight, BottomLeft, TopLeft, TopRight);

    /// <summary>The rectangle with every edge moved outwards by a distance in pixels.</summary>
    public Quad GrownBy(float distance)
    {
        var along = Unit(TopRight - TopLeft) * distance;
        var down = Unit(BottomLeft - TopLeft) * distance;
        return new(
            TopLeft - along - down, TopRight + along - down, BottomRight + along + down, BottomLeft - along + down);
    }

    /// <summary>The rectangle with both coordinates scaled.</summary>
    public Quad ScaledBy(float factorX, float factorY)
    {
        return new(Scale(TopLeft), Scale(TopRight), Scale(BottomRight), Scale(BottomLeft));

        PixelPoint Scale(PixelPoint point) => new(point.X * factorX, point.Y * factorY);
    }

    /// <summary>The corners, cut at the edges of a picture.</summary>
    public PixelPoint[] ClippedCorners(float width, float height)
    {
        return [Clip(TopLeft), Clip(TopRight), Clip(BottomRight), Clip(BottomLeft)];

        PixelPoint Clip(PixelPoint point) => new(Math.Clamp(point.X, 0, width), Math.Clamp(point.Y, 0, height));
    }

    private static PixelPoint Unit(PixelPoint vector)
    {
        var length = vector.Length;
        return length > 0 ? vector * (1 / length) : default;
    }
}
