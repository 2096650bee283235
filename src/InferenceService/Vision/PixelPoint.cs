namespace ForegSyte.Inference.Vision;

/// <summary>
/// A point in pixels. The origin is the outer corner of the top left pixel, so that the centre of that pixel is
/// (0.5, 0.5) and scaling an image scales every coordinate by the same factor.
/// </summary>
internal readonly record struct PixelPoint(float X, float Y)
{
    public static PixelPoint operator +(PixelPoint a, PixelPoint b) => new(a.X + b.X, a.Y + b.Y);

    public static PixelPoint operator -(PixelPoint a, PixelPoint b) => new(a.X - b.X, a.Y - b.Y);

    public static PixelPoint operator *(PixelPoint a, float factor) => new(a.X * factor, a.Y * factor);

    /// <summary>Distance from the origin.</summary>
    public float Length => MathF.Sqrt((X * X) + (Y * Y));

    /// <summary>
    /// Twice the signed area of the triangle (origin, a, b); positive when b lies clockwise of a on screen.
    /// </summary>
    public static float Cross(PixelPoint a, PixelPoint b) => (a.X * b.Y) - (a.Y * b.X);
}
