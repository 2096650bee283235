namespace ForegSyte.Accuracy.Objects;

/// <summary>An upright box in source pixels.</summary>
internal readonly record struct PixelBox(double X, double Y, double Width, double Height)
{
    public double Area => Width * Height;

    /// <summary>Area that two boxes share.</summary>
    public double IntersectionWith(PixelBox other)
    {
        var width = Math.Min(X + Width, other.X + other.Width) - Math.Max(X, other.X);
        var height = Math.Min(Y + Height, other.Y + other.Height) - Math.Max(Y, other.Y);
        return width > 0 && height > 0 ? width * height : 0;
    }

    /// <summary>Intersection over union, 0 to 1.</summary>
    public double OverlapWith(PixelBox other)
    {
        var shared = IntersectionWith(other);
        return shared > 0 ? shared / (Area + other.Area - shared) : 0;
    }
}
