using System.Globalization;
using ForegSyte.V1;
using SkiaSharp;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>
/// Draws results on frames of one size: a box with label and confidence for each detection, an outline with the text
/// for each text region. Held results (see <see cref="ResultTimeline"/>) are dimmed and dashed.
/// </summary>
/// <remarks>
/// The embedded font DejaVu Sans has Latin, Greek and Cyrillic letters, but no Chinese, Japanese or Korean ones, which
/// appear as empty boxes. The results document contains them.
/// </remarks>
internal sealed class FramePainter : IDisposable
{
    private const int MaxCaptionCharacters = 48;
    private const byte OpaqueAlpha = 255;
    private const byte HeldAlpha = 130;

    private static readonly SKTypeface Typeface = LoadTypeface();

    private readonly SKSize _frame;
    private readonly SKFont _font;
    private readonly SKPathEffect _dashes;

    /// <summary>Creates a painter whose lines and letters scale with the size of the frames.</summary>
    public FramePainter(int width, int height)
    {
        _frame = new SKSize(width, height);
        var letterHeight = Math.Clamp(Math.Min(width, height) / 38f, 10, 96);
        _font = new SKFont(Typeface, letterHeight) { Edging = SKFontEdging.Antialias, Subpixel = true };
        StrokeWidth = Math.Max(2, MathF.Round(letterHeight / 5));
        _dashes = SKPathEffect.CreateDash([StrokeWidth * 3, StrokeWidth * 2], 0);
    }

    /// <summary>Width of outlines in pixels.</summary>
    public float StrokeWidth { get; }

    /// <summary>Draws the results on one frame.</summary>
    public void Paint(SKCanvas canvas, HeldResult held)
    {
        using var stroke = new SKPaint { Style = SKPaintStyle.Stroke, StrokeWidth = StrokeWidth };
        stroke.PathEffect = held.IsHeld ? _dashes : null;
        var alpha = held.IsHeld ? HeldAlpha : OpaqueAlpha;

        // Draws the most confident detection last, on top of the others.
        foreach (var detection in held.Result.Detections.Where(detection => detection.Box is not null).Reverse())
        {
            PaintDetection(canvas, stroke, detection, alpha);
        }

        foreach (var region in held.Result.TextRegions.Where(region => region.Polygon.Count > 0))
        {
            PaintTextRegion(canvas, stroke, region, alpha);
        }
    }

    public void Dispose()
    {
        _font.Dispose();
        _dashes.Dispose();
    }

    /// <summary>Shortens a caption to <see cref="MaxCaptionCharacters"/> and removes line feeds.</summary>
    internal static string Shorten(string text)
    {
        var oneLine = text.ReplaceLineEndings(" ").Trim();
        return oneLine.Length <= MaxCaptionCharacters ? oneLine : oneLine[..(MaxCaptionCharacters - 1)] + "…";
    }

    private static SKTypeface LoadTypeface()
    {
        using var resource = typeof(FramePainter).Assembly.GetManifestResourceStream("DejaVuSans-Bold.ttf")
            ?? throw new InvalidOperationException("The font DejaVuSans-Bold.ttf is not embedded in the assembly.");
        using var data = SKData.Create(resource);
        return SKTypeface.FromData(data)
            ?? throw new InvalidOperationException("The embedded font DejaVuSans-Bold.ttf cannot be read.");
    }

    private void PaintDetection(SKCanvas canvas, SKPaint stroke, Detection detection, byte alpha)
    {
        var color = LabelColors.Of(detection.Label);
        var box = SKRect.Create(detection.Box.X, detection.Box.Y, detection.Box.Width, detection.Box.Height);
        stroke.Color = color.WithAlpha(alpha);
        stroke.IsAntialias = false;
        canvas.DrawRect(box, stroke);

        var caption = string.Create(
            CultureInfo.InvariantCulture, $"{Shorten(detection.Label)} {detection.Confidence * 100:0}%");
        // The outline is centered on the box; the caption starts at its outer edge.
        var outer = SKRect.Inflate(box, StrokeWidth / 2, StrokeWidth / 2);
        PaintCaption(canvas, CaptionPlacement.Above(outer, SizeOf(caption), _frame), caption, color, alpha);
    }

    private void PaintTextRegion(SKCanvas canvas, SKPaint stroke, TextRegion region, byte alpha)
    {
        SKPoint[] corners = [.. region.Polygon.Select(point => new SKPoint(point.X, point.Y))];
        stroke.Color = LabelColors.Text.WithAlpha(alpha);
        stroke.IsAntialias = true;
        canvas.DrawPoints(SKPointMode.Polygon, [.. corners, corners[0]], stroke);

        var bounds = new SKRect(
            corners.Min(corner => corner.X), corners.Min(corner => corner.Y),
            corners.Max(corner => corner.X), corners.Max(corner => corner.Y));
        var caption = Shorten(region.Text);
        var outer = SKRect.Inflate(bounds, StrokeWidth, StrokeWidth);
        PaintCaption(canvas, CaptionPlacement.Below(outer, SizeOf(caption), _frame), caption, LabelColors.Text, alpha);
    }

    private SKSize SizeOf(string caption)
    {
        var metrics = _font.Metrics;
        var padding = _font.Size / 4;
        return new SKSize(_font.MeasureText(caption) + (2 * padding), metrics.Descent - metrics.Ascent + (padding / 2));
    }

    private void PaintCaption(SKCanvas canvas, SKRect area, string caption, SKColor color, byte alpha)
    {
        using var fill = new SKPaint { Color = color.WithAlpha(alpha), IsAntialias = false };
        canvas.DrawRect(area, fill);
        using var ink = new SKPaint { Color = LabelColors.ReadableOn(color), IsAntialias = true };
        var baseline = area.Top + (_font.Size / 16) - _font.Metrics.Ascent;
        canvas.DrawText(caption, area.Left + (_font.Size / 4), baseline, SKTextAlign.Left, _font, ink);
    }
}

/// <summary>Places captions inside the frame, next to their shape.</summary>
internal static class CaptionPlacement
{
    /// <summary>Above the shape if the frame has room, otherwise inside its top edge.</summary>
    public static SKRect Above(SKRect shape, SKSize caption, SKSize frame)
    {
        var top = shape.Top - caption.Height >= 0 ? shape.Top - caption.Height : shape.Top;
        return Inside(shape.Left, top, caption, frame);
    }

    /// <summary>Below the shape if the frame has room, otherwise above it.</summary>
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
