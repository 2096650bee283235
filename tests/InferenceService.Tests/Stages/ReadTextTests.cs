using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Tests.Reference;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Stages;

public sealed class ReadTextTests(LoadedModels models) : IClassFixture<LoadedModels>
{
    [Fact]
    public async Task Process_EveryTenthFrame_ReadsTheCaptionWithItsSpaces()
    {
        var stage = LoadedModels.Reader(models.Sessions);
        foreach (var frame in await SampleFrames.ReadAsync(10))
        {
            var finding = Assert.Single(await ReadAsync(stage, frame));

            Assert.Equal("GATE 07 NORTH", finding.Region.Text);
            Assert.InRange(finding.Region.Confidence, 0.9f, 1);
            Assert.Null(finding.Within);
        }
    }

    [Fact]
    public async Task Process_AScaledFrame_GivesCornersInSourcePixelsClockwiseFromTheTopLeft()
    {
        var stage = LoadedModels.Reader(models.Sessions);
        var (large, small) = ((await SampleFrames.ReadAsync(50))[0], (await SampleFrames.ReadAsync(50, 576, 432))[0]);

        var expected = Assert.Single(await ReadAsync(stage, large)).Region.Polygon;
        var found = Assert.Single(await ReadAsync(stage, small)).Region.Polygon;

        Assert.True(
            expected[0].X < 40 && expected[1].X > 290 && expected[0].Y < 20 && expected[2].Y > 38,
            $"The corners do not enclose the caption clockwise from the top left: {expected}");
        Assert.Equal(expected[0].Y, expected[1].Y, 3f);
        Assert.All(expected.Zip(found), pair =>
        {
            Assert.Equal(pair.First.X, pair.Second.X, 8f);
            Assert.Equal(pair.First.Y, pair.Second.Y, 8f);
        });
    }

    [Fact]
    public async Task Read_TheCaptionCutOutByHand_IsWhatTheIndependentImplementationReads()
    {
        var reference = ReferenceValues.Get("recognition");
        var crop = reference.GetProperty("crop").Floats();
        var recognizer = new TextRecognizer(models.Sessions.Get("ppocr_v4_recognition"), new StageOptions());
        Quad line = new(new(crop[0], crop[1]), new(crop[2], crop[1]), new(crop[2], crop[3]), new(crop[0], crop[3]));

        var read = await recognizer.RecognizeAsync((await SampleFrames.ReadAsync(20))[1], [line],
            TestContext.Current.CancellationToken);

        Assert.Equal(reference.GetProperty("text").GetString(), read[0].Reading.Text);
        Assert.Equal(reference.GetProperty("confidence").GetSingle(), read[0].Reading.Confidence, 0.01f);
    }

    [Fact]
    public async Task Find_OnFrame20_GivesTheRegionsThatOpenCvFinds()
    {
        var thresholds = new Dictionary<string, float>
        {
            [Thresholds.TextPixel] = 0.3f,
            [Thresholds.TextBox] = 0,
            [Thresholds.TextUnclip] = 0,
            [Thresholds.TextJoin] = 0,
        };
        var detector = new TextDetector(models.Sessions.Get("ppocr_v4_detection"), thresholds, new StageOptions());

        var frame = (await SampleFrames.ReadAsync(20))[1];
        var found = await detector.FindAsync(frame, TestContext.Current.CancellationToken);

        var expected = ReferenceValues.Get("text_cores").EnumerateArray().ToList();
        Assert.NotEmpty(expected);
        Assert.All(expected, core =>
        {
            var center = core.GetProperty("centre").Floats();
            var sides = core.GetProperty("sides").Floats();
            var box = Assert.Single(found, box =>
                (box.Quad.Center - new PixelPoint(center[0], center[1])).Length < 1.5f);
            // OpenCV measures between pixel centers, the service from edge to edge: one pixel more.
            Assert.Equal(sides[1] + 1, Math.Max(box.Quad.Width, box.Quad.Height), 1.5f);
            Assert.Equal(sides[0] + 1, Math.Min(box.Quad.Width, box.Quad.Height), 1.5f);
        });
    }

    [Fact]
    public async Task Process_AnUpsideDownFrame_IsReadOnlyWithTheDirectionModel()
    {
        using var turned = Turned((await SampleFrames.ReadAsync(50))[0]);

        var with = await ReadAsync(LoadedModels.Reader(models.Sessions, direction: true), turned);
        var without = await ReadAsync(LoadedModels.Reader(models.Sessions), turned);

        var region = Assert.Single(with, finding => finding.Region.Text == "GATE 07 NORTH").Region;
        Assert.True(
            region.Polygon[0].X > region.Polygon[1].X,
            $"The top edge of an upside-down line must run from right to left: {region.Polygon}");
        Assert.DoesNotContain(without, finding => finding.Region.Text == "GATE 07 NORTH");
    }

    [Fact]
    public async Task Process_InBatchesOfAnySize_ReadsTheSame()
    {
        using var frame = Repeated((await SampleFrames.ReadAsync(50))[0]);

        var one = await ReadAsync(LoadedModels.Reader(models.Sessions, options: new() { TextLinesPerBatch = 1 }),
            frame);
        var four = await ReadAsync(LoadedModels.Reader(models.Sessions, options: new() { TextLinesPerBatch = 4 }),
            frame);
        var two = await ReadAsync(LoadedModels.Reader(models.Sessions, options: new() { TextLinesPerFrame = 2 }),
            frame);

        Assert.True(one.Count >= 5, $"Lines: {string.Join(", ", one)}");
        Assert.Equal(one.Select(finding => finding.Region.Text), four.Select(finding => finding.Region.Text));
        Assert.Equal(2, two.Count);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    public async Task Process_InRunsOfAnySize_GivesTheSameToTheLastBit(int linesPerRun)
    {
        using var frame = Repeated((await SampleFrames.ReadAsync(50))[0]);

        var one = await ReadAsync(LoadedModels.Reader(models.Sessions, options: new() { TextLinesPerRun = 1 }), frame);
        var many = await ReadAsync(
            LoadedModels.Reader(models.Sessions, options: new() { TextLinesPerRun = linesPerRun }), frame);

        Assert.True(one.Count >= 5, $"Lines: {string.Join(", ", one)}");
        Assert.Equal(one.Select(finding => finding.Region), many.Select(finding => finding.Region));
    }

    [Fact]
    public async Task Process_BelowTheThreshold_DropsTheLine()
    {
        var frame = (await SampleFrames.ReadAsync(50))[0];

        Assert.Empty(await ReadAsync(LoadedModels.Reader(models.Sessions, new() { ["confidence"] = 0.999f }), frame));
    }

    [Fact]
    public async Task Process_WithDetectionsUpstream_LinksTheSmallestAroundTheLine()
    {
        Detection[] detections = [Box(0, 0, 768, 576), Box(0, 0, 400, 80), Box(300, 300, 20, 20)];
        var input = new StageInput((await SampleFrames.ReadAsync(50))[0], [StageOutput.Of(detections)]);

        var output = await LoadedModels.Reader(models.Sessions)
            .ProcessAsync(input, TestContext.Current.CancellationToken);

        Assert.Same(detections[1], Assert.Single(output.Texts).Within);
    }

    [Fact]
    public async Task Reuse_OfAnEarlierFrame_LinksTheLinesToTheFramesOwnDetections()
    {
        var stage = LoadedModels.Reader(models.Sessions, options: new() { TextChangeThreshold = 3 });
        var frame = (await SampleFrames.ReadAsync(50))[0];
        var earlier = StageOutput.Of(await ReadAsync(stage, frame));
        earlier.Texts[0].Region.DetectionIndex = 7;
        Detection[] detections = [Box(0, 0, 400, 80)];

        var taken = Assert.Single(
            stage.Reuse(earlier, new StageInput(frame, [StageOutput.Of(detections)])).Texts);

        Assert.Equal(3, stage.ChangeThreshold);
        Assert.Same(detections[0], taken.Within);
        Assert.False(taken.Region.HasDetectionIndex, $"The line kept the index of the earlier frame: {taken.Region}");
        Assert.Equal(7, earlier.Texts[0].Region.DetectionIndex);
        Assert.Equal(earlier.Texts[0].Region.Polygon, taken.Region.Polygon);
    }

    private static Detection Box(float x, float y, float width, float height) =>
        new() { Box = new BoundingBox { X = x, Y = y, Width = width, Height = height } };

    private static async Task<IReadOnlyList<TextFinding>> ReadAsync(IStage stage, Frame frame) =>
        (await stage.ProcessAsync(new StageInput(frame, []), TestContext.Current.CancellationToken)).Texts;

    /// <summary>The frame rotated by 180 degrees.</summary>
    private static Frame Turned(Frame frame)
    {
        var turned = new Frame(frame.Index, 0, frame.Width, frame.Height, frame.Width, frame.Height);
        var from = frame.Pixels.Span;
        var to = turned.Pixels.Span;
        for (var i = 0; i < from.Length; i += 3)
        {
            from.Slice(i, 3).CopyTo(to.Slice(from.Length - 3 - i, 3));
        }

        return turned;
    }

    /// <summary>A frame filled with copies of the caption's 64 rows.</summary>
    private static Frame Repeated(Frame frame)
    {
        var repeated = new Frame(frame.Index, 0, frame.Width, frame.Height, frame.Width, frame.Height);
        var band = frame.Width * 64 * 3;
        for (var start = 0; start < repeated.Pixels.Length; start += band)
        {
            frame.Pixels[..band].CopyTo(repeated.Pixels[start..]);
        }

        return repeated;
    }
}
