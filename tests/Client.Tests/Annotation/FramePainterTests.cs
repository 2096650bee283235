using CsCheck;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.CommandLine.Annotation;
using ForegSyte.V1;
using SkiaSharp;

namespace ForegSyte.Client.Tests.Annotation;

public sealed class FramePainterTests
{
    private static readonly string[] CommonLabels =
        ["person", "car", "truck", "bus", "bicycle", "dog", "motorcycle", "cat", "backpack", "chair"];

    [Fact]
    public void Paint_Caption_DrawsLetters()
    {
        using var bitmap = Paint(640, 480, SampleJobs.Found("person", 0.91f, 100, 100, 200, 300));

        // The caption above the box: ink on the label's color. Without a font there is only the color.
        var background = LabelColors.Of("person");
        var ink = LabelColors.ReadableOn(background);
        var inked = Enumerable.Range(100, 100)
            .Sum(x => Enumerable.Range(84, 14).Count(y => bitmap.GetPixel(x, y) == ink));
        Assert.InRange(inked, 100, 700);
    }

    [Theory]
    [InlineData(320, 240)]
    [InlineData(768, 576)]
    [InlineData(1080, 1920)]
    [InlineData(3840, 2160)]
    public void Paint_AnySize_LineGrowsWithTheFrame(int width, int height)
    {
        using var bitmap = Paint(
            width, height, SampleJobs.Found("car", 0.5f, width / 4, height / 4, width / 2, height / 2));
        using var painter = new FramePainter(width, height);

        var color = LabelColors.Of("car");
        var thickness = Enumerable.Range(height / 2, height / 2).Count(y => bitmap.GetPixel(width / 2, y) == color);
        Assert.Equal(painter.StrokeWidth, thickness);
        var shorter = Math.Min(width, height);
        Assert.InRange(painter.StrokeWidth, shorter / 350.0, Math.Max(2, shorter / 150.0));
    }

    [Fact]
    public void Paint_NothingFound_LeavesTheFrameAsItWas()
    {
        using var bitmap = Paint(64, 48);

        Assert.All(bitmap.Pixels, pixel => Assert.Equal(SKColors.Gray, pixel));
    }

    [Fact]
    public void Color_OfALabel_IsTheSameInEveryRun() => Assert.Equal(188.4f, LabelColors.HueOf("person"), 1f);

    [Fact]
    public void Color_OfCommonLabels_DiffersFromEachOther()
    {
        foreach (var one in CommonLabels)
        {
            foreach (var other in CommonLabels.Where(other => other != one))
            {
                var apart = Math.Abs(LabelColors.HueOf(one) - LabelColors.HueOf(other));
                Assert.True(
                    Math.Min(apart, 360 - apart) > 8 || LabelColors.LightnessOf(one) != LabelColors.LightnessOf(other),
                    $"{one} and {other} have nearly the same color.");
            }
        }
    }

    [Fact]
    public void Color_OfAnyLabel_IsNotTheYellowOfText() =>
        Gen.String.Sample(label => Math.Abs(LabelColors.HueOf(label) - 50) >= 19.9);

    [Fact]
    public void Caption_AtTheTopEdge_LiesInsideTheBox()
    {
        var area = CaptionPlacement.Above(SKRect.Create(600, 5, 50, 90), new SKSize(80, 20), new SKSize(640, 480));

        Assert.Equal(SKRect.Create(560, 5, 80, 20), area);
    }

    [Fact]
    public void Caption_AtTheBottomEdge_LiesAboveTheText()
    {
        var area = CaptionPlacement.Below(SKRect.Create(10, 440, 50, 30), new SKSize(80, 20), new SKSize(640, 480));

        Assert.Equal(SKRect.Create(10, 420, 80, 20), area);
    }

    [Fact]
    public void Caption_LongText_IsShortened()
    {
        var caption = FramePainter.Shorten(new string('x', 100) + "\n");

        Assert.Equal(48, caption.Length);
        Assert.EndsWith("…", caption, StringComparison.Ordinal);
    }

    private static SKBitmap Paint(int width, int height, params Detection[] detections)
    {
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var canvas = new SKCanvas(bitmap);
        canvas.Clear(SKColors.Gray);
        using var painter = new FramePainter(width, height);
        painter.Paint(canvas, new HeldResult(new PipelineResult { Detections = { detections } }, IsHeld: false));
        canvas.Flush();
        return bitmap;
    }
}
