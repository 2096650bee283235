using System.Text.Json;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Tests.Reference;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Stages;

public sealed class DetectObjectsTests(LoadedModels models) : IClassFixture<LoadedModels>
{
    /// <summary>Manual count of the persons in frames 0, 10, … 90; see data/samples/README.md.</summary>
    private static readonly int[] PersonsByHand = [3, 4, 5, 5, 6, 6, 6, 6, 6, 6];

    [Theory]
    [InlineData("nanodet_g_416")]
    [InlineData("centernet_mbv3_512")]
    public Task Process_ThreeFrames_FindsWhatTheIndependentImplementationFinds(string model) =>
        AssertAsReferenceAsync(LoadedModels.Detector(models.Sessions, model), model);

    [Fact]
    public async Task Process_ThreeFramesWithYoloX_FindsWhatTheIndependentImplementationFinds()
    {
        using var own = OwnModels.Open(RepositoryFiles.SharedOrSkip("models/yolox_nano_416.onnx"));

        await AssertAsReferenceAsync(LoadedModels.Detector(own.Sessions, "yolox_nano_416"), "yolox_nano_416");
    }

    [Fact]
    public async Task Process_WithoutSuppressionAcrossClasses_KeepsTheSecondLabelOfAnObject()
    {
        using var own = OwnModels.Open();
        using var frame = new Frame(0, 0, 768, 576, 768, 576);

        var stage = LoadedModels.Detector(
            own.Sessions, "tiny_yolov8", new() { ["confidence"] = 0.35f, ["iou_across_classes"] = 1 });

        Assert.Equal(
            ["person", "bicycle", "car"], (await DetectAsync(stage, frame)).Select(item => item.Label));
    }

    [Theory]
    [InlineData("nanodet_g_416", null, null, 46, 1)]
    [InlineData("nanodet_g_416", 512, 384, 46, 1)]
    [InlineData("nanodet_g_416_fp16", null, null, 46, 1)]
    [InlineData("nanodet_g_416_int8", null, null, 46, 1)]
    [InlineData("centernet_mbv3_512", null, null, 36, 2)]
    public async Task Process_EveryTenthFrame_FindsThePersonsCountedByEye(
        string model, int? width, int? height, int atLeast, int tooManyAtMost)
    {
        var frames = await SampleFrames.ReadAsync(10, width, height);
        var stage = LoadedModels.Detector(models.Sessions, model);
        var (right, tooMany, strange) = (0, 0, new List<string>());
        foreach (var (frame, byHand) in frames.Zip(PersonsByHand))
        {
            var found = await DetectAsync(stage, frame);
            var persons = found.Count(detection => detection.Label == "person");
            right += Math.Min(persons, byHand);
            tooMany += Math.Max(persons - byHand, 0);
            strange.AddRange(found.Select(item => item.Label)
                .Where(label => label is not ("person" or "car" or "truck")));
        }

        Assert.Equal(10, frames.Count);
        Assert.True(right >= atLeast, $"{right} persons were found, at least {atLeast} expected.");
        Assert.True(tooMany <= tooManyAtMost, $"{tooMany} false persons were found, at most {tooManyAtMost} expected.");
        Assert.True(strange.Count <= 2, $"Unexpected labels: {string.Join(", ", strange)}");
    }

    [Fact]
    public async Task Process_EveryTenthFrame_GivesOrderedBoxesInsideTheSource()
    {
        var stage = LoadedModels.Detector(models.Sessions, "nanodet_g_416", new() { ["confidence"] = 0.1f });
        foreach (var frame in await SampleFrames.ReadAsync(10, 416, 416))
        {
            var found = await DetectAsync(stage, frame);

            Assert.All(found, detection => Assert.True(
                detection.Box is { X: >= 0, Y: >= 0, Width: > 0, Height: > 0 } box
                && box.X + box.Width <= SampleFrames.Width + 0.01f && box.Y + box.Height <= SampleFrames.Height + 0.01f
                && detection.Confidence is >= 0.1f and <= 1,
                $"A detection lies outside the frame or below the confidence: {detection}"));
            Assert.Equal(found.OrderByDescending(item => item.Confidence), found);
        }
    }

    [Fact]
    public async Task Process_WithALimit_KeepsTheMostConfident()
    {
        var frame = (await SampleFrames.ReadAsync(20))[1];
        var all = await DetectAsync(LoadedModels.Detector(models.Sessions, "nanodet_g_416"), frame);

        var two = await DetectAsync(
            LoadedModels.Detector(models.Sessions, "nanodet_g_416", options: new() { DetectionsPerFrame = 2 }), frame);

        Assert.Equal(all.Take(2), two);
    }

    [Fact]
    public async Task Process_ACancelledCall_Throws()
    {
        var frame = (await SampleFrames.ReadAsync(50))[0];
        var stage = LoadedModels.Detector(models.Sessions, "nanodet_g_416");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await stage.ProcessAsync(new StageInput(frame, []), new CancellationToken(canceled: true)));
    }

    [Fact]
    public void DecodeSize_IsThatOfAModelThatStretches_OrHasTheShapeOfTheVideo()
    {
        using var own = OwnModels.Open();

        Assert.Equal(
            DecodeSize.Shaped(416, 416), LoadedModels.Detector(models.Sessions, "nanodet_g_416").DecodeSize);
        Assert.Equal(
            new DecodeSize(512, 512), LoadedModels.Detector(models.Sessions, "centernet_mbv3_512").DecodeSize);
        Assert.Equal(DecodeSize.Native, LoadedModels.Detector(own.Sessions, "tiny_yolov8").DecodeSize);
    }

    [Fact]
    public async Task Process_AYoloV8Export_MapsItsBoxesOutOfTheLetterbox()
    {
        using var own = OwnModels.Open();
        using var frame = new Frame(0, 0, 768, 576, 768, 576);

        var stage = LoadedModels.Detector(own.Sessions, "tiny_yolov8", new() { ["confidence"] = 0.35f });
        var found = await DetectAsync(stage, frame);

        // 640 / 768 = 0.8333: 480 rows of image, 80 of padding above. The bicycle on the person is suppressed; the
        // fourth and the fifth box are below the threshold.
        Assert.Equal(["person 0.9", "car 0.7"], found.Select(item =>
            FormattableString.Invariant($"{item.Label} {item.Confidence:0.##}")));
        AssertBox(found[0].Box, 72, 0, 96, 48);
        AssertBox(found[1].Box, 264, 228, 240, 120);
    }

    [Fact]
    public async Task Process_TheYoloXCopyThatIsNotCommitted_FindsThePersons()
    {
        using var own = OwnModels.Open(RepositoryFiles.SharedOrSkip("models/yolox_nano_416.onnx"));
        var stage = LoadedModels.Detector(own.Sessions, "yolox_nano_416");
        var persons = new List<int>();
        foreach (var frame in await SampleFrames.ReadAsync(10))
        {
            persons.Add((await DetectAsync(stage, frame))
                .Count(item => item is { Label: "person", Confidence: >= 0.5f }));
        }

        Assert.True(
            persons.Zip(PersonsByHand, Math.Min).Sum() >= 44, $"Persons found per frame: {string.Join(' ', persons)}");
    }

    private static async Task AssertAsReferenceAsync(IStage stage, string model)
    {
        var frames = (await SampleFrames.ReadAsync(10)).ToDictionary(frame => frame.Index);
        var references = ReferenceValues.Get("objects").EnumerateArray()
            .Where(item => item.GetProperty("model").GetString() == model).ToList();
        Assert.Equal(3, references.Count);
        foreach (var reference in references)
        {
            var found = await DetectAsync(stage, frames[reference.GetProperty("frame").GetInt32()]);

            var expected = reference.GetProperty("found").EnumerateArray().ToList();
            Assert.Equal(expected.Count, found.Count);
            Assert.All(expected.Zip(found), pair => AssertSame(pair.First, pair.Second));
        }
    }

    private static async Task<IReadOnlyList<Detection>> DetectAsync(IStage stage, Frame frame) =>
        (await stage.ProcessAsync(new StageInput(frame, []), TestContext.Current.CancellationToken)).Detections;

    private static void AssertSame(JsonElement expected, Detection found)
    {
        var box = expected.GetProperty("box").Floats();
        Assert.Equal(expected.GetProperty("class_id").GetInt32(), found.ClassId);
        Assert.Equal(expected.GetProperty("confidence").GetSingle(), found.Confidence, 0.005f);
        AssertBox(found.Box, box[0], box[1], box[2] - box[0], box[3] - box[1], 0.5f);
    }

    private static void AssertBox(BoundingBox box, float x, float y, float width, float height, float tolerance = 1e-2f)
    {
        Assert.Equal(x, box.X, tolerance);
        Assert.Equal(y, box.Y, tolerance);
        Assert.Equal(width, box.Width, tolerance);
        Assert.Equal(height, box.Height, tolerance);
    }
}
