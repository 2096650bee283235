using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Vision;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Stages;

/// <summary>The decisions of read_text that need no model, at their limits.</summary>
public sealed class ReadTextRulesTests
{
    /// <summary>PaddleOCR, get_rotate_crop_image: height / width >= 1.5 is rotated by 90 degrees.</summary>
    [Theory]
    [InlineData(20, 29.9f, false)]
    [InlineData(20, 30, true)]
    [InlineData(20, 100, true)]
    [InlineData(30, 20, false)]
    public void Upright_ATallRectangle_IsRotatedFromOneAndAHalf(float width, float height, bool isRotated)
    {
        Quad quad = new(new(0, 0), new(width, 0), new(width, height), new(0, height));

        Assert.Equal(isRotated ? new PixelPoint(width, 0) : new(0, 0), ReadTextStage.Upright(quad).TopLeft);
    }

    [Fact]
    public void UpsideDown_AtTheShippedThreshold_AreTheLinesFromItOn()
    {
        var threshold = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"))
            .Find("ppocr_v2_direction")!.Thresholds[Thresholds.TextRotation];

        Assert.Equal([0, 3], TextDirectionClassifier.UpsideDown([0.5f, 0.5f, 0.51f, 0.49f, 1, 0, 0, 1], threshold));
    }

    [Fact]
    public void SmallestAround_NestedDetections_IsTheSmallestOne()
    {
        Detection[] detections = [Box(0, 0, 100, 50), Box(10, 10, 20, 20), Box(10, 10, 20, 20), Box(12, 12, 2, 2)];

        Assert.Same(detections[1], ReadTextStage.SmallestAround(new PixelPoint(20, 20), detections));
        Assert.Same(detections[0], ReadTextStage.SmallestAround(new PixelPoint(90, 49), detections));
        Assert.Null(ReadTextStage.SmallestAround(new PixelPoint(20, 51), detections));
    }

    [Fact]
    public void SmallestAround_ALongBox_CountsByItsArea()
    {
        Detection[] detections = [Box(10, 10, 20, 20), Box(0, 19, 100, 2)];

        Assert.Same(detections[1], ReadTextStage.SmallestAround(new PixelPoint(20, 20), detections));
    }

    /// <summary>The turned reading needs a certainty of 0.8 and 0.05 more than the upright one.</summary>
    [Theory]
    [InlineData(0.5f, 0.8f, true)]
    [InlineData(0.5f, 0.79f, false)]
    [InlineData(0.875f, 0.875f + 0.05f, true)]
    [InlineData(0.875f, 0.92f, false)]
    [InlineData(0.875f, 0.85f, false)]
    public void IsBetterTurned_AtBothLimits_IsTheTurnedReading(float upright, float turned, bool isBetter) =>
        Assert.Equal(isBetter, ReadTextStage.IsBetterTurned(Read(upright), Read(turned)));

    [Theory]
    [InlineData(10, 20, true)]
    [InlineData(40, 60, true)]
    [InlineData(9.9f, 30, false)]
    [InlineData(40.1f, 30, false)]
    [InlineData(20, 19.9f, false)]
    [InlineData(20, 60.1f, false)]
    public void SmallestAround_APointAtTheEdge_BelongsToTheBox(float x, float y, bool isInside) => Assert.Equal(
        isInside, ReadTextStage.SmallestAround(new PixelPoint(x, y), [Box(10, 20, 30, 40)]) is not null);

    [Theory]
    [InlineData(0, 10, 1)] // Nothing to divide by, or a hair: at least one column.
    [InlineData(0.1f, 48, 1)]
    [InlineData(10.01f, 10, 49)] // Rounded up.
    public void WidthAt_Height48_IsRoundedUpAndAtLeastOne(float width, float height, int expected)
    {
        Quad quad = new(new(0, 0), new(width, 0), new(width, height), new(0, height));

        Assert.Equal(expected, TextLineBatch.WidthAt(quad, 48));
    }

    [Fact]
    public void WidthAt_WithoutHeight_IsOne() =>
        Assert.Equal(1, TextLineBatch.WidthAt(new Quad(new(0, 0), new(9, 0), new(9, 0), new(0, 0)), 48));

    private static LineReading Read(float certainty) => new([new ReadCharacter("A", certainty, [])]);

    private static Detection Box(float x, float y, float width, float height) =>
        new() { Box = new BoundingBox { X = x, Y = y, Width = width, Height = height } };
}
