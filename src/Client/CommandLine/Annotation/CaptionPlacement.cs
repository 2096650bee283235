using SkiaSharp;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>Where captions go, so that they are inside the picture and cover little of what they name.</summary>
internal static class CaptionPlacement
{
    /// <summary>Above the shape where there is room, otherwise just inside its top.</summary>
    public static SKRect Above(SKRect shape, SKSize caption, SKSize frame)
    {
        var top = shape.Top - caption.Height >= 0 ? shape.Top - caption.Height : shape.Top;
        return Inside(shape.Left, top, caption, frame);
    }

    /// <summary>Below the shape where there is room, otherwise above it.</summary>
    public static SKRect Below(SKRect shape, SKSize caption, SKSize frame) =>
        shape.Bottom + caption.Height <= frame.Height
            ? Inside(shape.Left, shape.Bottom, caption, frame)
            : Above(shape, caption, frame);

    private static SKRect Inside(float left, float top, SKSize caption, SKSize frame)
    {
        var x = Math.Max(0, Math.Min(left, frame.Width - caption.Width));
        var y = Math.Max(0, Math.Min(top, frame.Height - caption.Height));
        return SKRect.Create(x, y, caption.Width, caption.Height);
    }
}
