using ForegSyte.Inference.Commands;
using ForegSyte.Inference.Models;

namespace ForegSyte.Inference.Tests.Commands;

/// <summary>Families by their outputs. Images have 64x64 pixels: 84 cells of the strides 8, 16 and 32.</summary>
public sealed class ModelLayoutTests
{
    private const int Side = 64;
    private static readonly ModelTensor Image = new(new TensorShape("images", [1, 3, Side, Side]), ModelTensor.Float);
    private static readonly ModelTensor Size = new(new TensorShape("orig_target_sizes", [1, 2]), ModelTensor.Int64);

    [Fact]
    public void Of_YoloV8_IsRecognized() => AssertLayout("yolov8", 3, [Output("output0", [1, 7, 84])]);

    [Fact]
    public void Of_YoloX_IsRecognized() => AssertLayout("yolox", 80, [Output("output", [1, 84, 85])]);

    [Fact]
    public void Of_RtDetrOfUltralytics_IsRecognized() =>
        AssertLayout("rtdetr_ultralytics", 70, [Output("output0", [1, 300, 74], 0.5f)]);

    [Fact]
    public void Of_CenterNet_IsRecognized() =>
        AssertLayout("centernet", 80, [Output("wh", [1, 16, 16, 4]), Output("heat", [1, 16, 16, 80])]);

    [Fact]
    public void Of_NanoDet_IsRecognized() => AssertLayout("nanodet", 80, NanoDet(80, 44));

    [Fact]
    public void Of_NanoDetWithAsManyClassesAsDistances_NeedsTheLabels()
    {
        Assert.Contains("--family", Refusal(NanoDet(44, 32)), StringComparison.Ordinal);
        Assert.Equal(new ModelLayout("nanodet", 32), ModelLayout.Of([Image], NanoDet(44, 32), Side, Side, 32));
    }

    [Fact]
    public void Of_RtDetr_IsRecognizedByItsNames()
    {
        RunOutput[] outputs = [Output("labels", [1, 300]), Output("boxes", [1, 300, 4]), Output("scores", [1, 300])];

        Assert.Equal(new ModelLayout("rtdetr", null), ModelLayout.Of([Image, Size], outputs, Side, Side, null));
    }

    [Fact]
    public void Of_SixColumns_AreSharesOfTwoClassesOrFinalBoxes()
    {
        RunOutput[] shares = [Output("output0", [1, 300, 6], 0.5f)];

        Assert.Equal(
            new ModelLayout("rtdetr_ultralytics", 2), ModelLayout.Of([Image], shares, Side, Side, labelCount: 2));
        Assert.Contains("nms=False", Refusal(shares), StringComparison.Ordinal);
        Assert.Contains(
            "nms=False", Refusal([Output("output0", [1, 300, 6], 20)], labelCount: 2), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_DecodedYoloX_SaysHowToExport() =>
        Assert.Contains(
            "without --decode_in_inference", Refusal([Output("output", [1, 84, 85], 60)]), StringComparison.Ordinal);

    [Fact]
    public void Of_UnknownLayout_SaysWhatItSawAndWhichFamiliesThereAre()
    {
        var refusal = Refusal([Output("foo", [1, 5, 5, 5])]);

        Assert.Contains("images float [1, 3, 64, 64]", refusal, StringComparison.Ordinal);
        Assert.Contains("foo [1, 5, 5, 5]", refusal, StringComparison.Ordinal);
        foreach (var family in FamilyRules.ByName.Values.Where(rules => rules.Role == ModelRole.Detector))
        {
            Assert.Contains(family.Name, refusal, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Of_AnotherFamilyThanWanted_IsRefused() =>
        Assert.Contains(
            "The family yolox has another layout",
            Assert.Throws<ModelCommandException>(
                () => ModelLayout.Of([Image], [Output("output0", [1, 7, 84])], Side, Side, null, "yolox")).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(new[] { 1, 252, 85 }, "YOLOv5")]
    [InlineData(new[] { 1, 1000 }, "classifier")]
    public void Of_ForeignLayouts_AreNamed(int[] shape, string expected) =>
        Assert.Contains(expected, Refusal([Output("output", shape)]), StringComparison.Ordinal);

    private static RunOutput[] NanoDet(int classes, int distances) =>
    [
        .. new[] { 64, 16, 4 }.SelectMany(cells => new[]
        {
            Output($"cls{cells}", [1, cells, classes]), Output($"dis{cells}", [1, cells, distances]),
        }),
    ];

    private static void AssertLayout(string family, int classes, RunOutput[] outputs) =>
        Assert.Equal(new ModelLayout(family, classes), ModelLayout.Of([Image], outputs, Side, Side, null));

    private static string Refusal(RunOutput[] outputs, int? labelCount = null) =>
        Assert.Throws<ModelCommandException>(
            () => ModelLayout.Of([Image], outputs, Side, Side, labelCount)).Message;

    private static RunOutput Output(string name, int[] shape, float value = 0) =>
        new(name, shape, [.. Enumerable.Repeat(value, shape.Aggregate(1, (a, b) => a * b))]);
}
