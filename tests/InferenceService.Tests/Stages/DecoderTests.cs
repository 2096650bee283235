using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Stages;

/// <summary>The decoders on values computed by hand.</summary>
public sealed class DecoderTests
{
    [Fact]
    public void NanoDet_OneCell_MeasuresFromItsCenter()
    {
        // 2x1 cells of stride 8, 2 classes, 3 bins. One large logit per side gives the distances 1, 0, 2, 1 strides.
        var distances = new float[2 * 4 * 3];
        foreach (var (side, bin) in new[] { (0, 1), (1, 0), (2, 2), (3, 1) })
        {
            distances[(1 * 12) + (side * 3) + bin] = 100;
        }

        var boxes = new List<ScoredBox>();
        NanoDetDecoder.DecodeLevel([0.1f, 0.2f, 0.3f, 0.9f], distances, 8, 2, 1, 2, 0.5f, boxes);

        Assert.Equal([new ScoredBox(4, 4, 28, 12, 1, 0.9f)], boxes);
    }

    [Theory]
    [InlineData(new[] { 0f, 0f, 0f }, 1)]
    [InlineData(new[] { 0f, 0f, 1000f }, 2)]
    [InlineData(new[] { -1000f, -1000f, -1000f, -1000f, -1000f }, 2)]
    public void NanoDet_Expectation_IsTheMeanAndDoesNotOverflow(float[] logits, float expected) =>
        Assert.Equal(expected, NanoDetDecoder.Expectation(logits), 1e-5f);

    [Fact]
    public void CenterNet_TwoNeighbours_GivesThePeakOnly()
    {
        // 3x1 cells of 4 pixels, 1 class.
        var boxes = new List<ScoredBox>();
        CenterNetDecoder.Decode(
            [0.6f, 0.8f, 0.1f], [1, 1, 1, 1, 2, 3, 4, 5, 1, 1, 1, 1], 3, 1, 1, 4, 4, 0.5f, boxes);

        Assert.Equal([new ScoredBox(2, -3, 8, 5, 0, 0.8f)], boxes);
    }

    /// <summary>Cells of 4x2 pixels; a larger score of the same class in a cell beside suppresses.</summary>
    [Theory]
    [InlineData(3, 1, new[] { 0.6f, 0.1f, 0.9f }, new[] { 0, 2 }, new[] { 0, 0 })]
    [InlineData(2, 1, new[] { 0.8f, 0.6f }, new[] { 0 }, new[] { 0 })]
    [InlineData(3, 1, new[] { 0, 0, 0.6f, 0.9f, 0, 0 }, new[] { 2, 3 }, new[] { 0, 0 })]
    [InlineData(3, 1, new[] { 0, 0.6f, 0, 0.9f, 0, 0 }, new[] { 3 }, new[] { 0 })]
    [InlineData(2, 2, new[] { 0, 0.6f, 0.5f, 0, 0, 0.1f, 0, 0.8f }, new[] { 1, 3 }, new[] { 0, 1 })]
    public void CenterNet_Peaks_AreTheLargestScoresOfTheirClassAround(
        int columns, int classes, float[] heat, int[] cells, int[] classIds)
    {
        var count = heat.Length / classes;
        var boxes = new List<ScoredBox>();
        CenterNetDecoder.Decode(
            heat, new float[4 * count], columns, count / columns, classes, 4, 2, 0.5f, boxes);

        Assert.Equal(
            cells.Zip(classIds, (cell, id) => (4f * (cell % columns), 2f * (cell / columns), id)),
            boxes.Select(box => (box.Left, box.Top, box.ClassId)));
    }

    [Fact]
    public void YoloX_ACell_AddsItsPositionAndExponentiatesTheSize()
    {
        // 2 columns of stride 16; the cell in row 1, column 1 has center (24, 28), size 32x16 and 0.8 * 0.9.
        var cells = new float[4 * 7];
        float[] values = [0.5f, 0.75f, MathF.Log(2), 0, 0.8f, 0.1f, 0.9f];
        values.CopyTo(cells, 3 * 7);

        var boxes = new List<ScoredBox>();
        YoloXDecoder.DecodeLevel(cells, 16, 2, 2, 0.5f, boxes);

        var box = Assert.Single(boxes);
        Assert.Equal((8, 20, 40, 36, 1), (MathF.Round(box.Left, 3), box.Top, MathF.Round(box.Right, 3), box.Bottom,
            box.ClassId));
        Assert.Equal(0.72f, box.Confidence, 1e-5f);
    }

    [Fact]
    public void YoloX_ACellWhoseProductIsTooSmall_IsDropped()
    {
        var boxes = new List<ScoredBox>();
        YoloXDecoder.DecodeLevel([0, 0, 0, 0, 0.7f, 0.6f], 8, 1, 1, 0.5f, boxes);

        Assert.Empty(boxes);
    }

    [Fact]
    public void YoloV8_ColumnsOfBoxes_AreReadDownwards()
    {
        // 2 boxes, 2 classes: rows are center x, center y, width, height, and the scores of each class.
        var boxes = new List<ScoredBox>();
        YoloV8Decoder.Decode([50, 10, 60, 20, 20, 4, 10, 6, 0.2f, 0.3f, 0.9f, 0.1f], 2, 0.5f, boxes);

        Assert.Equal([new ScoredBox(40, 55, 60, 65, 1, 0.9f)], boxes);
    }

    [Fact]
    public void RtDetr_Queries_KeepTheirCornersAndKnownClasses()
    {
        var boxes = new List<ScoredBox>();
        RtDetrDecoder.Decode(
            [1, 0, 2, -1], [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 9, 9, 0, 0, 9, 9], [0.9f, 0.4f, 0.9f, 0.9f], 2, 0.5f, boxes);

        Assert.Equal([new ScoredBox(1, 2, 3, 4, 1, 0.9f)], boxes);
    }

    [Fact]
    public void RtDetrUltralytics_Shares_BecomePixels()
    {
        // 2 queries, 2 classes: center, size and scores, in an input of 100x50 pixels.
        var boxes = new List<ScoredBox>();
        RtDetrUltralyticsDecoder.Decode(
            [0.5f, 0.5f, 0.2f, 0.4f, 0.1f, 0.8f, 0.5f, 0.5f, 0.1f, 0.1f, 0.2f, 0.3f], 100, 50, 2, 0.5f, boxes);

        Assert.Equal([new ScoredBox(40, 15, 60, 35, 1, 0.8f)], boxes);
    }

    [Theory]
    [InlineData(0.8f, 0.8f, 0)] // The first of equal ones.
    [InlineData(0.8f, 0.6f, 0)]
    [InlineData(0.6f, 0.8f, 1)]
    public void UltralyticsExports_ABox_HasItsBestClass(float first, float second, int expected)
    {
        var boxes = new List<ScoredBox>();
        YoloV8Decoder.Decode([0, 0, 1, 1, first, second], 2, 0.5f, boxes);
        RtDetrUltralyticsDecoder.Decode([0, 0, 1, 1, first, second], 10, 10, 2, 0.5f, boxes);

        Assert.Equal([expected, expected], boxes.Select(box => box.ClassId));
    }

    [Fact]
    public void Decoders_AConfidenceAtTheMinimum_IsKept()
    {
        var boxes = new List<ScoredBox>();
        NanoDetDecoder.DecodeLevel([0.5f], new float[12], 8, 1, 1, 1, 0.5f, boxes);
        CenterNetDecoder.Decode([0.5f], new float[4], 1, 1, 1, 4, 4, 0.5f, boxes);
        YoloXDecoder.DecodeLevel([0, 0, 0, 0, 0.5f, 1], 8, 1, 1, 0.5f, boxes);
        YoloXDecoder.DecodeLevel([0, 0, 0, 0, 1, 0.5f], 8, 1, 1, 0.5f, boxes);
        YoloV8Decoder.Decode([0, 0, 1, 1, 0.5f], 1, 0.5f, boxes);
        RtDetrDecoder.Decode([0], [0, 0, 1, 1], [0.5f], 1, 0.5f, boxes);
        RtDetrUltralyticsDecoder.Decode([0, 0, 1, 1, 0.5f], 10, 10, 1, 0.5f, boxes);

        Assert.Equal(Enumerable.Repeat(0.5f, 7), boxes.Select(box => box.Confidence));
    }

    [Fact]
    public void Decoders_WithScoresThatAreNotNumbers_FindNothing()
    {
        var boxes = new List<ScoredBox>();
        NanoDetDecoder.DecodeLevel([float.NaN], new float[12], 8, 1, 1, 1, 0.5f, boxes);
        CenterNetDecoder.Decode([float.NaN], new float[4], 1, 1, 1, 4, 4, 0.5f, boxes);
        YoloXDecoder.DecodeLevel([0, 0, 0, 0, float.NaN, 1], 8, 1, 1, 0.5f, boxes);
        YoloV8Decoder.Decode([0, 0, 1, 1, float.NaN], 1, 0.5f, boxes);

        Assert.Empty(boxes);
    }

    [Theory]
    [InlineData(768, 576, 960, 768, 576)]
    [InlineData(1920, 1080, 960, 960, 544)]
    [InlineData(100, 20, 960, 96, 32)]
    [InlineData(1080, 1920, 640, 352, 640)]
    [InlineData(2400, 1000, 960, 960, 384)]
    public void TextDetectorInput_OfAFrame_IsAMultipleOf32WithinTheLimit(
        int width, int height, int limit, int toWidth, int toHeight)
    {
        var input = TextDetectorInput.Of(width, height, limit);

        Assert.Equal((toWidth, toHeight), (input.Width, input.Height));
        Assert.Equal(new ImageFit(width, height, 0, 0, toWidth, toHeight), input.Fit);
    }

    [Theory]
    [InlineData(4000, 32, 7456, 128, 64, 32)]
    [InlineData(32, 4000, 128, 7456, 7456, 32)]
    [InlineData(8000, 64, 7456, 128, 64, 32)]
    [InlineData(16_000, 16, 12096, 96, 32, 32)]
    [InlineData(8000, 2000, 1248, 320, 320, 0)]
    public void TextDetectorInput_OfAStrip_KeepsTheTextWithinTheAreaOfASquare(
        int width, int height, int toWidth, int toHeight, int frameHeight, int margin)
    {
        var input = TextDetectorInput.Of(width, height, 960);

        Assert.Equal((toWidth, toHeight), (input.Width, input.Height));
        Assert.Equal(frameHeight, input.Fit.Height);
        Assert.Equal(margin, Math.Max(input.Fit.Left, input.Fit.Top));
        Assert.InRange(input.Width * input.Height, 1, 960 * 960 * 1.3);
    }

    [Theory]
    [InlineData(10, 320)]
    [InlineData(321, 352)]
    [InlineData(99_999, 2400)]
    public void TextRecognizer_TensorWidth_IsBoundedAndInSteps(int line, int expected) =>
        Assert.Equal(expected, TextRecognizer.TensorWidth(line, 2400));
}
