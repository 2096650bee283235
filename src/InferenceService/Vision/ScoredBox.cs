namespace ForegSyte.Inference.Vision;

/// <summary>An upright box with a class and a confidence; the unit of the coordinates is the caller's.</summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Top edge.</param>
/// <param name="Right">Right edge, not less than <paramref name="Left"/>.</param>
/// <param name="Bottom">Bottom edge, not less than <paramref name="Top"/>.</param>
/// <param name="ClassId">Index of the class in the model's label list.</param>
/// <param name="Confidence">0 to 1.</param>
internal readonly record struct ScoredBox(
    float Left, float Top, float Right, float Bottom, int ClassId, float Confidence)
{
    public float Width => Right - Left;

    public float Height => Bottom - Top;

    public float Area => Width * Height;

    /// <summary>Area of the intersection over area of the union, 0 to 1; 0 where the union has no area.</summary>
    public static float IntersectionOverUnion(in ScoredBox a, in ScoredBox b)
    {
        var width = MathF.Min(a.Right, b.Right) - MathF.Max(a.Left, b.Left);
        var height = MathF.Min(a.Bottom, b.Bottom) - MathF.Max(a.Top, b.Top);
        if (width <= 0 || height <= 0)
        {
            return 0;
        }

        var intersection = width * height;
        var union = a.Area + b.Area - intersection;
        return union > 0 ? MathF.Min(intersection / union, 1) : 0;
    }
}
