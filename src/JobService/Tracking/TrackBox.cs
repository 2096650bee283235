namespace ForegSyte.Jobs.Tracking;

/// <summary>A box in source pixels; X and Y are its left and top edges.</summary>
internal readonly record struct TrackBox(double X, double Y, double Width, double Height)
{
    public double Area => Width * Height;

    public double CenterX => X + (Width / 2);

    public double CenterY => Y + (Height / 2);

    /// <summary>Intersection over union, 0 to 1, after both boxes grew by a share of their size on each side.</summary>
    public double OverlapWith(TrackBox other, double growth = 0)
    {
        var (a, b) = (Grown(growth), other.Grown(growth));
        var common = a.IntersectionWith(b);
        return common > 0 ? common / (a.Area + b.Area - common) : 0;
    }

    /// <summary>Area of the intersection, in pixels.</summary>
    public double IntersectionWith(TrackBox other)
    {
        var width = Math.Min(X + Width, other.X + other.Width) - Math.Max(X, other.X);
        var height = Math.Min(Y + Height, other.Y + other.Height) - Math.Max(Y, other.Y);
        return width > 0 && height > 0 ? width * height : 0;
    }

    /// <summary>Distance of the centers in pixels.</summary>
    public double DistanceTo(TrackBox other) =>
        Math.Sqrt(Math.Pow(CenterX - other.CenterX, 2) + Math.Pow(CenterY - other.CenterY, 2));

    /// <summary>The box on the way to another one; a share of 0 is this box, 1 the other.</summary>
    public TrackBox Toward(TrackBox other, double share) => new(
        X + (share * (other.X - X)),
        Y + (share * (other.Y - Y)),
        Width + (share * (other.Width - Width)),
        Height + (share * (other.Height - Height)));

    private TrackBox Grown(double share) => new(
        X - (Width * share), Y - (Height * share), Width * (1 + (2 * share)), Height * (1 + (2 * share)));
}
