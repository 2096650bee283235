using System.Text.Json.Nodes;
using ForegSyte.Inference.Commands;
using ForegSyte.Inference.Models;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Commands;

/// <summary>The commands on a copy of the committed catalogue and pipelines.</summary>
public sealed class ModelCommandTests : IDisposable
{
    private const string Ultralytics = "{0: 'person', 1: \"driver's cap\", 2: 'car'}";

    private readonly TemporaryFolder _folder = new();

    public ModelCommandTests()
    {
        foreach (var folder in new[] { "models", "pipelines" })
        {
            Directory.CreateDirectory(_folder.File(folder));
            foreach (var file in Directory.GetFiles(Path.Combine(RepositoryFiles.Data, folder)))
            {
                File.CreateSymbolicLink(_folder.File(folder, Path.GetFileName(file)), file);
            }
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Add_UltralyticsExport_IsAddedWithItsMetadataAndTriedOnAFrame()
    {
        var model = Write(YoloV8().Metadata("names", Ultralytics).Metadata("task", "detect"), "Best Model.onnx");

        var (code, output, error) = await RunAsync(
            "add", model, "--license", "AGPL-3.0-only", "--try", RepositoryFiles.Pedestrians, "--at", "1.5",
            "--picture", _folder.File("boxes.jpg"));

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("Family yolov8, 64x64, 3 classes: person, driver's cap, car", output, StringComparison.Ordinal);
        Assert.Contains("In pedestrians.mp4 (768x576): 1 objects", output, StringComparison.Ordinal);
        Assert.Contains("car 0.90 at x 192, y 96, 384x384, red", output, StringComparison.Ordinal);
        Assert.Equal([0xFF, 0xD8], (await File.ReadAllBytesAsync(_folder.File("boxes.jpg"), Cancel))[..2]);

        var catalogue = ModelCatalogueReader.Read(_folder.File("models", "models.json"));
        var entry = catalogue.Find("best_model");
        Assert.Equal(_folder.File("models", "best_model.local.onnx"), entry?.FilePath);
        Assert.Equal(["person", "driver's cap", "car"], LabelList.Read(entry!));
        Assert.Contains("\"best_model\"", await PipelineAsync("best_model"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_ModelLikeAnotherPipeline_TakesItsOtherNodes()
    {
        var model = Write(YoloV8(), "mine.onnx");
        await File.WriteAllTextAsync(_folder.File("names.txt"), "a\nb\nc\n\n", Cancel);

        var (code, _, error) = await RunAsync(
            "add", model, "--license", "Apache-2.0", "--labels", _folder.File("names.txt"), "--like", "yolo_ocr",
            "--pipeline", "mine_ocr");

        Assert.Equal((0, ""), (code, error));
        var pipeline = JsonNode.Parse(await PipelineAsync("mine_ocr"))!;
        Assert.Equal("mine", (string?)pipeline["nodes"]![0]!["models"]!["detector"]);
        Assert.Equal("read_text", (string?)pipeline["nodes"]![1]!["stage"]);
    }

    [Fact]
    public async Task Add_TwoInputsOfRtDetr_GetTheSizeOfTheImage()
    {
        var model = Write(
            new OnnxGraph().Input("images", OnnxGraph.Floats, -1, 3, 64, 64)
                .Input("orig_target_sizes", OnnxGraph.WholeNumbers, -1, 2)
                .RtDetrOutputs([2, 7], [0.25f, 0.5f, 0.75f, 1, 0, 0, 1, 1], [0.9f, 0.9f]),
            "dfine.onnx");
        await File.WriteAllTextAsync(_folder.File("names.txt"), "a\nb\nc\n", Cancel);

        var (code, output, error) = await RunAsync(
            "add", model, "--license", "Apache-2.0", "--labels", _folder.File("names.txt"), "--try",
            RepositoryFiles.Pedestrians, "--picture", _folder.File("boxes.jpg"));

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("Family rtdetr", output, StringComparison.Ordinal);

        // The second query has a class without a label.
        Assert.Contains("1 objects", output, StringComparison.Ordinal);
        Assert.Contains("c 0.90 at x 192, y 288, 384x288", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_RtDetrOfUltralytics_IsTried()
    {
        var model = Write(
            new OnnxGraph().Input("images", OnnxGraph.Floats, 1, 3, 64, 64)
                .Output("output0", [1, 2, 7], [0.5f, 0.5f, 0.5f, 0.25f, 0.1f, 0.8f, 0, 0.5f, 0.5f, 0.1f, 0.1f, 0, 0, 0])
                .Metadata("names", Ultralytics),
            "rt.onnx");

        var (code, output, error) = await RunAsync(
            "add", model, "--license", "AGPL-3.0-only", "--try", RepositoryFiles.Pedestrians, "--picture",
            _folder.File("boxes.jpg"));

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("driver's cap 0.80 at x 192, y 216, 384x144", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_AnySize_TakesThatOfTheMetadataOrAsks()
    {
        var dynamic = YoloV8(side: -1).Metadata("names", Ultralytics);

        Assert.Contains(
            "--size 640",
            await RefusalAsync("add", Write(dynamic, "any.onnx"), "--license", "MIT"), StringComparison.Ordinal);
        var (code, output, _) = await RunAsync(
            "add", Write(dynamic.Metadata("imgsz", "[64, 64]"), "any.onnx"), "--license", "MIT");
        Assert.Equal(0, code);
        Assert.Contains("64x64", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_WhatCannotBeAdded_SaysWhyAndLeavesNothing()
    {
        await File.WriteAllTextAsync(_folder.File("two.txt"), "a\nb\n", Cancel);
        await File.WriteAllTextAsync(_folder.File("text.onnx"), "not a model", Cancel);
        await File.WriteAllBytesAsync(_folder.File("best.pt"), "PK\u0003\u0004"u8.ToArray(), Cancel);
        var named = Write(YoloV8().Metadata("names", Ultralytics), "named.onnx");

        await AssertRefusedAsync("does not exist", "add", _folder.File("absent.onnx"), "--license", "MIT");
        await AssertRefusedAsync("not a model that ONNX Runtime", "add", _folder.File("text.onnx"), "--license", "MIT");
        await AssertRefusedAsync("yolo export", "add", _folder.File("best.pt"), "--license", "MIT");
        await AssertRefusedAsync("State the license", "add", named);
        await AssertRefusedAsync(
            "has 3 classes, but " + _folder.File("two.txt") + " has 2 labels",
            "add", named, "--license", "MIT", "--labels", _folder.File("two.txt"));
        await AssertRefusedAsync(
            "3 classes without names", "add", Write(YoloV8(), "bare.onnx"), "--license", "MIT");
        await AssertRefusedAsync(
            "external.bin",
            "add", Write(YoloV8().ExternalWeights("external.bin"), "external.onnx"), "--license", "MIT");
        await AssertRefusedAsync(
            "task 'segment'",
            "add", Write(YoloV8().Metadata("task", "segment"), "segment.onnx"), "--license", "MIT");
        await AssertRefusedAsync(
            "32-bit floats",
            "add", Write(new OnnxGraph().Input("images", OnnxGraph.HalfFloats, 1, 3, 64, 64)
                .Output("output0", [1, 7, 84], [0f]), "half.onnx"), "--license", "MIT");
        await AssertRefusedAsync("--size is 32", "add", named, "--license", "MIT", "--size", "32");
        await AssertRefusedAsync("belongs to", "remove", "nanodet_g_416");
        await AssertRefusedAsync(
            "already", "add", named, "--license", "MIT", "--id", "nanodet_g_416");
        await AssertRefusedAsync(
            "There is a pipeline 'ocr_only' already",
            "add", named, "--license", "MIT", "--pipeline", "ocr_only");
        await AssertRefusedAsync(
            "gives no picture", "add", named, "--license", "MIT", "--try", _folder.File("text.onnx"));
        await AssertRefusedAsync(
            "'--lincense' is not an option of this command. Did you mean '--license'?",
            "add", named, "--lincense", "MIT");

        Assert.Empty(Directory.GetFiles(_folder.File("models"), "*.local.*"));
        Assert.Equal(3, Directory.GetFiles(_folder.File("pipelines")).Length);
    }

    [Fact]
    public async Task Remove_OwnModel_LeavesTheFilesThatWereThereBefore()
    {
        var model = Write(YoloV8().Metadata("names", Ultralytics), "own.onnx");
        await RunAsync("add", model, "--license", "MIT");
        Assert.Contains(
            "--replace", await RefusalAsync("add", model, "--license", "MIT"), StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("add", model, "--license", "MIT", "--replace")).Code);

        var (_, list, _) = await RunAsync("list");
        Assert.Contains("own: yolov8, 64x64, MIT, your own, in own", list, StringComparison.Ordinal);
        Assert.Contains(
            "nanodet_g_416_int8: nanodet, 416x416, MIT AND Apache-2.0, in detect_only, yolo_ocr", list,
            StringComparison.Ordinal);
        Assert.Contains(
            "nanodet_g: nanodet_g_416_int8 on a CPU, nanodet_g_416 on a GPU, in detect_only, yolo_ocr", list,
            StringComparison.Ordinal);

        Assert.Contains("--with-pipelines", await RefusalAsync("remove", "own"), StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("remove", "own", "--with-pipelines")).Code);
        Assert.Empty(Directory.GetFiles(_folder.File("models"), "*.local.*"));
        Assert.Equal(3, Directory.GetFiles(_folder.File("pipelines")).Length);
        Assert.Contains("There is no model 'own'", await RefusalAsync("remove", "own"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_YoloXOfAUser_FindsPersons()
    {
        var model = RepositoryFiles.SharedOrSkip("models/yolox_nano_416.onnx");

        var (code, output, error) = await RunAsync(
            "add", model, "--license", "Apache-2.0", "--labels", _folder.File("models", "coco.names"), "--try",
            RepositoryFiles.Pedestrians, "--picture", _folder.File("boxes.jpg"));

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("Family yolox, 416x416, 80 classes", output, StringComparison.Ordinal);
        Assert.Contains("person 0.", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/x/Best Model.onnx", "best_model")]
    [InlineData("/x/YOLO11n-v2.local.onnx", "yolo11n_v2_local")]
    [InlineData("/x/11.onnx", "model_11")]
    [InlineData("/x/---.onnx", "model")]
    public void IdOf_AFileName_IsAnId(string path, string expected) => Assert.Equal(expected, ModelAddition.IdOf(path));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>One car in the center of the left half, at 0.9, in 64x64 pixels; three classes.</summary>
    private static OnnxGraph YoloV8(int side = 64)
    {
        var values = new float[7 * 84];
        foreach (var (row, value) in new[] { (0, 32f), (1, 32f), (2, 32f), (3, 32f), (6, 0.9f) })
        {
            values[row * 84] = value;
        }

        return new OnnxGraph().Input("images", OnnxGraph.Floats, 1, 3, side, side)
            .Output("output0", [1, 7, 84], values, side < 0 ? [1, 7, -1] : null);
    }

    private string Write(OnnxGraph graph, string name)
    {
        var path = _folder.File(name);
        File.WriteAllBytes(path, graph.ToBytes());
        return path;
    }

    private Task<string> PipelineAsync(string id) =>
        File.ReadAllTextAsync(_folder.File("pipelines", id + ".json"), Cancel);

    private async Task AssertRefusedAsync(string expected, params string[] arguments) =>
        Assert.Contains(expected, await RefusalAsync(arguments), StringComparison.Ordinal);

    private async Task<string> RefusalAsync(params string[] arguments)
    {
        var (code, _, error) = await RunAsync(arguments);
        Assert.Equal(2, code);
        return error;
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await ModelCommandLine.RunAsync(
            ["models", .. arguments, $"--DataDirectory={_folder.Path}", "--Device:Provider=cpu"],
            output, error, Cancel);
        return (code, output.ToString(), error.ToString());
    }
}
