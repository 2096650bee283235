using System.Globalization;
using ForegSyte.V1;
using SkiaSharp;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>
/// Draws what was found over frames of one size: a box with label and confidence for each detection, an outline with
/// the text for each text region. Held results (see <see cref="ResultTimeline"/>) are dimmed and dashed.
/// </summary>
/// <remarks>
/// The embedded DejaVu Sans has Latin, Greek, Cyrillic and more, but no Chinese, Japanese or Korean: such characters
/// are drawn as empty boxes. The results document has them right.
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

    /// <summary>
    /// A painter for frames of this size; line and letters grow with it from 320 to 3840 pixels and beyond.
    /// </summary>
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

    /// <summary>Draws over one frame.</summary>
    public void Paint(SKCanvas canvas, HeldResult held)
    {
        using var stroke = new SKPaint { Style = SKPaintStyle.Stroke, StrokeWidth = StrokeWidth };
        stroke.PathEffect = held.IsHeld ? _dashes : null;
        var alpha = held.IsHeld ? HeldAlpha : OpaqueAlpha;

        // The most confident is drawn last and so lies on top.
        foreach (var detection in held.Result.Detections.Where(detection => detection.Box is not null).Reverse())
        {
            PaintDetection(canvas, stroke, detection, alpha);
        }

        foreach (var region in held.Result.TextRegions.Where(region => region.Polygon.Count > 0))
        {
            PaintTextRegion(canvas, stroke, region, alpha);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _font.Dispose();
        _dashes.Dispose();
    }

    /// <summary>A caption of at most so many characters, without line feeds.</summary>
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
        // The caption begins at the outer edge of the outline, which is centred on the box.
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
