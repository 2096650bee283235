using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Frames;

/// <summary>A color with a name, to find a box of a list in a picture.</summary>
internal sealed record BoxColor(string Name, byte Red, byte Green, byte Blue)
{
    /// <summary>Colors that differ from each other and from most pictures.</summary>
    private static readonly BoxColor[] All =
    [
        new("red", 230, 25, 25), new("green", 40, 200, 60), new("blue", 30, 110, 255), new("yellow", 255, 225, 25),
        new("magenta", 240, 50, 230), new("cyan", 50, 230, 230), new("orange", 255, 130, 20),
        new("white", 255, 255, 255),
    ];

    /// <summary>The color of a box; repeats after the last one.</summary>
    public static BoxColor Of(int index) => All[index % All.Length];
}

/// <summary>Draws boxes into frames.</summary>
internal static class BoxPainter
{
    /// <summary>Height of a frame per pixel of a line.</summary>
    private const int HeightPerPixel = 200;

    /// <summary>Draws the outline of a box, in pixels of the frame; what lies outside is left out.</summary>
    public static void Draw(Frame frame, double left, double top, double right, double bottom, BoxColor color)
    {
        var line = Math.Max(2, frame.Height / HeightPerPixel);
        var (x1, x2) = (Inside(left, frame.Width), Inside(right, frame.Width));
        var (y1, y2) = (Inside(top, frame.Height), Inside(bottom, frame.Height));
        Fill(frame, x1, y1, x2, Math.Min(y1 + line, y2), color);
        Fill(frame, x1, Math.Max(y2 - line, y1), x2, y2, color);
        Fill(frame, x1, y1, Math.Min(x1 + line, x2), y2, color);
        Fill(frame, Math.Max(x2 - line, x1), y1, x2, y2, color);
    }

    private static int Inside(double value, int size) => (int)Math.Clamp(Math.Round(value), 0, size);

    private static void Fill(Frame frame, int left, int top, int right, int bottom, BoxColor color)
    {
        var pixels = frame.Pixels.Span;
        for (var y = top; y < bottom; y++)
        {
            for (var x = left; x < right; x++)
            {
                var at = ((y * frame.Width) + x) * Frame.BytesPerPixel;
                (pixels[at], pixels[at + 1], pixels[at + 2]) = (color.Red, color.Green, color.Blue);
            }
        }
    }
}
