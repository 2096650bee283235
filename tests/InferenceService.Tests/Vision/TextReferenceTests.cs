using System.Text.Json;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Tests.Reference;
using ForegSyte.Inference.Vision;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Vision;

/// <summary>
/// Text post-processing with the thresholds of the shipped catalogue gives what PaddleOCR's own steps give:
/// text_reference.json, by make_text_reference.py (OpenCV, pyclipper, numpy).
/// </summary>
public sealed class TextReferenceTests
{
    /// <summary>OpenCV measures regions between pixel centers, the service from edge to edge.</summary>
    private const float CornerTolerance = 1.8f;

    private const float TiltedCornerTolerance = 2.5f;

    private static readonly ModelCatalogue Catalogue =
        ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));

    public static TheoryData<string> Maps =>
    [
        .. ReferenceValues.Text.GetProperty("db").EnumerateArray()
            .Select(map => map.GetProperty("name").GetString()!),
    ];

    [Theory]
    [MemberData(nameof(Maps))]
    public void Find_WithTheShippedThresholds_GivesTheBoxesOfPaddleOcr(string name)
    {
        var map = ReferenceValues.Text.GetProperty("db").EnumerateArray()
            .Single(item => item.GetProperty("name").GetString() == name);
        var (width, height) = (map.GetProperty("width").GetInt32(), map.GetProperty("height").GetInt32());
        var isTilted = name == "tilted";
        var thresholds = Catalogue.Find("ppocr_v4_detection")!.Thresholds;

        var found = TextMap.Find(Values(map), width, height, new TextMapThresholds(
            thresholds[Thresholds.TextPixel], thresholds[Thresholds.TextBox], thresholds[Thresholds.TextUnclip]));

        var expected = map.GetProperty("boxes").EnumerateArray().ToList();
        Assert.Equal(expected.Count, found.Count);
        Assert.All(expected, box =>
        {
            var corners = box.GetProperty("corners").EnumerateArray().Select(Point).ToArray();
            var center = (corners[0] + corners[2]) * 0.5f;
            var same = Assert.Single(found, item => (item.Quad.Center - center).Length < 3);
            var quad = same.Quad;
            Assert.All(
                corners.Zip([quad.TopLeft, quad.TopRight, quad.BottomRight, quad.BottomLeft]),
                pair => Assert.InRange(
                    Math.Max(Math.Abs(pair.First.X - pair.Second.X), Math.Abs(pair.First.Y - pair.Second.Y)),
                    0, isTilted ? TiltedCornerTolerance : CornerTolerance));

            // On tilted regions OpenCV's mask and the service count different pixels at the edges.
            Assert.Equal(box.GetProperty("score").GetSingle(), same.Confidence, isTilted ? 0.06f : 0.005f);
        });
        Assert.Equal(found.OrderByDescending(box => box.Confidence), found);
    }

    [Fact]
    public void Decode_RandomProbabilities_GivesTextAndConfidenceOfPaddleOcr()
    {
        var reference = ReferenceValues.Text.GetProperty("ctc");
        string[] alphabet = [.. reference.GetProperty("alphabet").EnumerateArray().Select(item => item.GetString()!)];
        foreach (var item in reference.GetProperty("cases").EnumerateArray())
        {
            float[] probabilities =
                [.. item.GetProperty("probabilities").EnumerateArray().SelectMany(row => row.Floats())];

            var line = CtcDecoder.Decode(probabilities, alphabet);

            Assert.Equal(item.GetProperty("text").GetString(), line.Text);
            Assert.Equal(item.GetProperty("confidence").GetSingle(), line.Confidence, 1e-4f);
        }
    }

    [Fact]
    public void ReadingOrder_OfPages_IsThatOfPaddleOcr()
    {
        foreach (var page in ReferenceValues.Text.GetProperty("order").EnumerateArray())
        {
            Quad[] words = [.. page.GetProperty("corners").EnumerateArray().Select(word =>
            {
                var corners = word.EnumerateArray().Select(Point).ToArray();
                return new Quad(corners[0], corners[1], corners[2], corners[3]);
            })];

            Assert.Equal(
                page.GetProperty("order").EnumerateArray().Select(index => index.GetInt32()), ReadingOrder.Of(words));
        }
    }

    [Fact]
    public void InputSize_WithTheDefaultLimit_IsThatOfPaddleOcr()
    {
        foreach (var item in ReferenceValues.Text.GetProperty("sizes").GetProperty("detection").EnumerateArray())
        {
            var (frame, input) = (item.GetProperty("frame").Floats(), item.GetProperty("input").Floats());

            var ours = TextDetectorInput.Of((int)frame[0], (int)frame[1], new StageOptions().TextMaxSide);

            Assert.Equal(((int)input[0], (int)input[1]), (ours.Width, ours.Height));
        }
    }

    [Fact]
    public void WidthAt_TheHeightOfTheRecognizer_IsThatOfPaddleOcr()
    {
        var height = Catalogue.Find("ppocr_v4_recognition")!.InputHeight;
        foreach (var item in ReferenceValues.Text.GetProperty("sizes").GetProperty("recognition").EnumerateArray())
        {
            var line = item.GetProperty("line").Floats();
            var quad = new Quad(new(0, 0), new(line[0], 0), new(line[0], line[1]), new(0, line[1]));

            Assert.Equal(item.GetProperty("width").GetInt32(), TextLineBatch.WidthAt(quad, height));
        }
    }

    /// <summary>The map: rows of run lengths, in hundredths.</summary>
    private static float[] Values(JsonElement map) =>
    [
        .. map.GetProperty("rows").EnumerateArray().SelectMany(row =>
        {
            int[] runs = [.. row[1].EnumerateArray().Select(number => number.GetInt32())];
            var values = runs.Chunk(2).SelectMany(run => Enumerable.Repeat(run[0] / 100f, run[1])).ToArray();
            return Enumerable.Repeat(values, row[0].GetInt32()).SelectMany(copy => copy);
        }),
    ];

    private static PixelPoint Point(JsonElement point) => new(point[0].GetSingle(), point[1].GetSingle());
}
