using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Vision;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Stages;

/// <summary>Model files of each detector family: how they are read, and why others are refused.</summary>
public sealed class DetectorModelTests
{
    private const float Minimum = 0.5f;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CenterNet_WithItsOutputsInAnyOrder_IsRead(bool isHeatFirst)
    {
        // 3x2 cells of 4x2 pixels; the last cell is of class 1.
        float[] heat = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.9f];
        float[] distances = [.. new float[20], 1, 2, 3, 0.5f];
        var graph = Image(12, 4);
        graph = isHeatFirst
            ? graph.Output("heat", [1, 2, 3, 2], heat).Output("wh", [1, 2, 3, 4], distances)
            : graph.Output("wh", [1, 2, 3, 4], distances).Output("heat", [1, 2, 3, 2], heat);

        Assert.Equal([new ScoredBox(7, 0, 11, 2.5f, 1, 0.9f)], Decode("centernet", graph, 12, 4));
    }

    [Theory]
    [InlineData(2, new[] { 1, 2, 3, 4 }, new[] { 1, 2, 3, 5 })] // No scores for two labels.
    [InlineData(2, new[] { 1, 2, 3, 2 }, new[] { 1, 2, 3, 5 })] // No distances.
    [InlineData(4, new[] { 1, 2, 3, 4 }, new[] { 1, 2, 3, 5 })] // One output cannot be both.
    [InlineData(2, new[] { 1, 6, 2 }, new[] { 1, 2, 3, 4 })]
    public void CenterNet_OtherOutputs_AreRefused(int labels, int[] first, int[] second)
    {
        var graph = Image(12, 4).Output("first", first, [0f]).Output("second", second, [0f]);

        Assert.Equal(
            "Model 'tiny' cannot be used: The family centernet has outputs "
            + $"[1, rows, columns, {labels}] with a score for each label and [1, rows, columns, 4]; the file has "
            + $"first [{string.Join(", ", first)}], second [{string.Join(", ", second)}]. "
            + "Check family and labels_file.",
            Refusal("centernet", graph, 12, 4, labels));
    }

    [Fact]
    public void NanoDet_OutputsOfThreeStrides_AreReadByTheirNumberOfCells()
    {
        // 40x24 pixels are 5x3, 3x2 and 2x1 cells. Each box has its largest logits at 1, 2, 0 and 2 strides.
        var graph = Image(40, 24)
            .Output("cls32", [1, 2, 2], [0f]).Output("dis8", [1, 15, 12], [0f])
            .Output("cls8", [1, 15, 2], At(30, 14 * 2, 0.7f)).Output("dis16", [1, 6, 12], Distances(6, 4))
            .Output("cls16", [1, 6, 2], At(12, (4 * 2) + 1, 0.9f)).Output("dis32", [1, 2, 12], [0f]);

        Assert.Equal(
            [new ScoredBox(28, 12, 44, 28, 0, 0.7f), new ScoredBox(8, -8, 24, 56, 1, 0.9f)],
            Decode("nanodet", graph, 40, 24));
    }

    [Theory]
    [InlineData(2, 3, 12, "cls0 [1, 4, 2], cls1 [1, 4, 2], dis0 [1, 4, 12], dis1 [1, 4, 12], dis2 [1, 4, 12]")]
    [InlineData(3, 2, 12, "cls0 [1, 4, 2], cls1 [1, 4, 2], cls2 [1, 4, 2], dis0 [1, 4, 12], dis1 [1, 4, 12]")]
    [InlineData(3, 1, 10, "cls0 [1, 4, 2], cls1 [1, 4, 2], cls2 [1, 4, 2], dis0 [1, 4, 10]")]
    public void NanoDet_OtherOutputs_AreRefused(int scores, int distances, int size, string found)
    {
        var graph = Image(40, 24);
        for (var output = 0; output < scores; output++)
        {
            graph.Output($"cls{output}", [1, 4, 2], [0f]);
        }

        for (var output = 0; output < distances; output++)
        {
            graph.Output($"dis{output}", [1, 4, size], [0f]);
        }

        Assert.Equal(
            "Model 'tiny' cannot be used: The family nanodet has three outputs [1, N, 2] with a score for each label "
            + $"and three [1, N, 4 * bins]; the file has {found}. Check family and labels_file.",
            Refusal("nanodet", graph, 40, 24));
    }

    [Fact]
    public void NanoDet_OutputsOfAnotherInputSize_FailByName()
    {
        var graph = Image(40, 24);
        foreach (var cells in new[] { 64, 16, 4 })
        {
            graph.Output($"cls{cells}", [1, cells, 2], [0f]).Output($"dis{cells}", [1, cells, 12], [0f]);
        }

        Assert.Equal(
            "Model 'tiny' has no output of 15 cells.",
            Assert.Throws<InvalidOperationException>(() => Decode("nanodet", graph, 40, 24)).Message);
    }

    [Fact]
    public void YoloX_CellsOfThreeStrides_AreReadInTheirOrder()
    {
        // 64x32 pixels are 8x4, 4x2 and 2x1 cells.
        var values = new float[42 * 7];
        float[] middle = [0.5f, 0.25f, 0, 0, 0.8f, 0.1f, 0.9f];
        float[] last = [0, 0, 0, 0, 1, 0.75f, 0];
        middle.CopyTo(values, (32 + 6) * 7);
        last.CopyTo(values, 41 * 7);

        Assert.Equal(
            [new ScoredBox(32, 12, 48, 28, 1, 0.8f * 0.9f), new ScoredBox(16, -16, 48, 16, 0, 0.75f)],
            Decode("yolox", Image(64, 32).Output("output", [1, 42, 7], values), 64, 32));
    }

    [Theory]
    [InlineData("yolox", new[] { 1, 42, 8 }, "[1, 42, 7] for this input size and the labels",
        "Check family, input and labels_file, and export without --decode_in_inference.")]
    [InlineData("yolox", new[] { 1, 43, 7 }, "[1, 42, 7] for this input size and the labels",
        "Check family, input and labels_file, and export without --decode_in_inference.")]
    [InlineData("yolov8", new[] { 1, 7, 3 }, "[1, 6, boxes] for the labels",
        "Check family and labels_file, and export with nms=False.")]
    [InlineData("yolov8", new[] { 1, 3, 6 }, "[1, 6, boxes] for the labels",
        "Check family and labels_file, and export with nms=False.")]
    [InlineData("rtdetr_ultralytics", new[] { 1, 3, 7 }, "[1, queries, 6] for the labels",
        "Check family and labels_file.")]
    [InlineData("rtdetr_ultralytics", new[] { 1, 6, 3 }, "[1, queries, 6] for the labels",
        "Check family and labels_file.")]
    public void OneOutput_OfAnotherShape_IsRefused(string family, int[] shape, string expected, string advice)
    {
        var found = $"output [{string.Join(", ", shape)}]";
        var message = $"Model 'tiny' cannot be used: The family {family} has one output {expected}; the file has ";

        var one = Image(64, 32).Output("output", shape, [0f]);
        Assert.Equal($"{message}{found}. {advice}", Refusal(family, one, 64, 32));

        var two = Image(64, 32).Output("output", shape, [0f]).Output("other", [1, 2], [0f]);
        Assert.Equal($"{message}{found}, other [1, 2]. {advice}", Refusal(family, two, 64, 32));
    }

    [Fact]
    public void YoloV8_TheLastOfThreeBoxes_IsRead()
    {
        float[] values = [0, 0, 30, 0, 0, 20, 0, 0, 10, 0, 0, 4, 0, 0, 0.1f, 0, 0, 0.9f];

        Assert.Equal(
            [new ScoredBox(25, 18, 35, 22, 1, 0.9f)],
            Decode("yolov8", Image(64, 32).Output("output0", [1, 6, 3], values), 64, 32));
    }

    [Fact]
    public void RtDetrUltralytics_Shares_AreThoseOfTheInput()
    {
        float[] values = [0, 0, 0, 0, 0, 0, 0.5f, 0.5f, 0.25f, 0.5f, 0.1f, 0.8f];

        Assert.Equal(
            [new ScoredBox(24, 8, 40, 24, 1, 0.8f)],
            Decode("rtdetr_ultralytics", Image(64, 32).Output("output0", [1, 2, 6], values), 64, 32));
    }

    [Theory]
    [InlineData("labels", "boxes", "scores")]
    [InlineData("boxes", "scores", "labels")]
    [InlineData("scores", "labels", "boxes")]
    public void RtDetr_OutputsInAnyOrder_AreReadByTheirNames(params string[] names)
    {
        var graph = RtDetr([.. names.Select(name => (name, name, name == "boxes" ? new[] { 1, 2, 4 } : [1, 2]))]);

        Assert.Equal([new ScoredBox(5, 6, 7, 8, 1, 0.9f)], Decode("rtdetr", graph, 64, 32));
    }

    [Theory]
    [InlineData("labels", "classes", new[] { 1, 2 })]
    [InlineData("labels", "labels", new[] { 1, 2, 1 })]
    [InlineData("boxes", "corners", new[] { 1, 2, 4 })]
    [InlineData("boxes", "boxes", new[] { 1, 2, 5 })]
    [InlineData("scores", "confidence", new[] { 1, 2 })]
    [InlineData("scores", "scores", new[] { 1, 2, 1 })]
    public void RtDetr_AnotherOutput_IsRefused(string expected, string name, int[] shape)
    {
        var outputs = RtDetrOutputs();
        var wrong = Array.FindIndex(outputs, output => output.Kind == expected);
        outputs[wrong] = (expected, name, shape);

        var found = string.Join(", ", outputs.Select(output => $"{output.Name} [{string.Join(", ", output.Shape)}]"));
        Assert.Equal(
            "Model 'tiny' cannot be used: The family rtdetr has outputs labels [1, N], boxes [1, N, 4] and scores "
            + $"[1, N]; the file has {found}. Check family.",
            Refusal("rtdetr", RtDetr(outputs), 64, 32));
    }

    [Theory]
    [InlineData("centernet", 255)]
    [InlineData("yolox", 255)]
    [InlineData("yolov8", 1)]
    [InlineData("rtdetr", 1)]
    [InlineData("rtdetr_ultralytics", 1)]
    public void Format_OfAWhitePixel_HasTheScaleOfTheFamily(string family, float expected)
    {
        var graph = family switch
        {
            "centernet" => Image(64, 32).Output("heat", [1, 2, 3, 2], [0f]).Output("wh", [1, 2, 3, 4], [0f]),
            "yolox" => Image(64, 32).Output("output", [1, 42, 7], [0f]),
            "yolov8" => Image(64, 32).Output("output", [1, 6, 3], [0f]),
            "rtdetr" => RtDetr(RtDetrOutputs()),
            _ => Image(64, 32).Output("output", [1, 3, 6], [0f]),
        };
        using var model = TinyModels.Load(graph, family, 64, 32);
        var format = DetectionDecoders.Create(model, 2).Format;

        Assert.Equal(expected, (255 * format.ScaleOf(0)) + format.OffsetOf(0), 1e-4f);
    }

    private static OnnxGraph Image(int width, int height) =>
        new OnnxGraph().Input("image", OnnxGraph.Floats, 1, 3, height, width);

    private static (string Kind, string Name, int[] Shape)[] RtDetrOutputs() =>
        [("labels", "labels", [1, 2]), ("boxes", "boxes", [1, 2, 4]), ("scores", "scores", [1, 2])];

    /// <summary>Two queries, of which the second one is an object of class 1.</summary>
    private static OnnxGraph RtDetr(params (string Kind, string Name, int[] Shape)[] outputs)
    {
        var graph = Image(64, 32).Input("orig_target_sizes", OnnxGraph.WholeNumbers, 1, 2);
        foreach (var (kind, name, shape) in outputs)
        {
            graph = kind switch
            {
                "labels" => graph.Output(name, shape, [0L, 1L]),
                "scores" => graph.Output(name, shape, [0.4f, 0.9f]),
                _ => graph.Output(name, shape, [1f, 2, 3, 4, 5, 6, 7, 8]),
            };
        }

        return graph;
    }

    private static float[] At(int length, int index, float value)
    {
        var values = new float[length];
        values[index] = value;
        return values;
    }

    /// <summary>Logits of three bins for each side; those of one cell are at 1, 2, 0 and 2 strides.</summary>
    private static float[] Distances(int cells, int cell)
    {
        var values = new float[cells * 12];
        foreach (var (side, bin) in new[] { (0, 1), (1, 2), (2, 0), (3, 2) })
        {
            values[(cell * 12) + (side * 3) + bin] = 100;
        }

        return values;
    }

    /// <summary>The boxes that the decoder of a family finds in the outputs for two labels.</summary>
    private static List<ScoredBox> Decode(string family, OnnxGraph graph, int width, int height)
    {
        using var model = TinyModels.Load(graph, family, width, height);
        using var outputs = model.Run(
            new float[3 * width * height], [1, 3, height, width], TestContext.Current.CancellationToken);
        var boxes = new List<ScoredBox>();
        DetectionDecoders.Create(model, 2).Decode(outputs, (width, height), Minimum, boxes);
        return boxes;
    }

    private static string Refusal(string family, OnnxGraph graph, int width, int height, int labels = 2)
    {
        using var model = TinyModels.Load(graph, family, width, height);
        return Assert.Throws<ModelLoadException>(() => DetectionDecoders.Create(model, labels)).Message;
    }
}
