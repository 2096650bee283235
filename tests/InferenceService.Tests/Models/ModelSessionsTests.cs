using System.Text.Json.Nodes;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Tests.Stages;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Models;

public sealed class ModelSessionsTests : IDisposable
{
    private static readonly string ModelFolder = Path.Combine(RepositoryFiles.Data, "models");
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Get_AFileThatWasChanged_TellsBothHashesAndWhatToDo()
    {
        using var sessions = Open(entry => entry["sha256"] = new string('0', 64));

        var failure = Assert.Throws<ModelLoadException>(() => sessions.Get("nanodet_g_416"));

        Assert.Contains("6161e32bcd96c31d", failure.Message, StringComparison.Ordinal);
        Assert.Contains("but the catalogue says 0000", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Restore the file, or correct sha256", failure.Message, StringComparison.Ordinal);
        Assert.Empty(sessions.Loaded);
    }

    [Fact]
    public void Get_AFileThatIsNotThere_NamesIt()
    {
        using var sessions = Open(entry => entry["file"] = "/nowhere/model.onnx");

        Assert.Contains(
            "/nowhere/model.onnx does not exist",
            Assert.Throws<ModelLoadException>(() => sessions.Get("nanodet_g_416")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Get_AFileThatIsNoModel_SaysWhatOnnxRuntimeSays()
    {
        var path = _folder.File("text.onnx");
        File.WriteAllText(path, "not a model");
        using var sessions = Open(entry =>
        {
            entry["file"] = path;
            entry["sha256"] = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("not a model"u8));
        });

        Assert.Contains(
            "ONNX Runtime cannot load",
            Assert.Throws<ModelLoadException>(() => sessions.Get("nanodet_g_416")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_CancelledInTheMiddle_IsEnded()
    {
        using var sessions = LoadedModels.Open(Path.Combine(ModelFolder, "models.json"));
        var session = sessions.Get("ppocr_v4_detection");
        using var cancel = new CancellationTokenSource();
        var run = StartLongRun(session, cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(0, session.Running);
    }

    [Fact]
    public async Task Dispose_WhileAModelRuns_EndsTheRunAndWaitsForIt()
    {
        var sessions = LoadedModels.Open(Path.Combine(ModelFolder, "models.json"));
        var session = sessions.Get("ppocr_v4_detection");
        var run = StartLongRun(session, CancellationToken.None);

        sessions.Dispose();

        Assert.Equal(0, session.Running);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Throws<ObjectDisposedException>(() =>
            session.Run(new float[3 * 32 * 32], [1, 3, 32, 32], CancellationToken.None));
    }

    [Theory]
    [InlineData("yolox")]
    [InlineData("yolov8")]
    [InlineData("centernet")]
    public void Create_TheWrongFamily_IsRefusedWithWhatTheFileHas(string family)
    {
        using var sessions = Open(entry => entry["family"] = family);

        var failure = Assert.Throws<ModelLoadException>(() => LoadedModels.Detector(sessions, "nanodet_g_416"));

        Assert.Contains($"The family {family} has", failure.Message, StringComparison.Ordinal);
        Assert.Contains(", 44]", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_TheWrongInputSize_IsRefused()
    {
        using var sessions = Open(entry => entry["input"]!["width"] = 320, "centernet_mbv3_512");

        Assert.Contains(
            "The input of the file is input [1, 512, 512, 3], but the catalogue says [1, 512, 320, 3]",
            Assert.Throws<ModelLoadException>(() => LoadedModels.Detector(sessions, "centernet_mbv3_512")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Create_ConfidenceOfAnUnknownLabel_IsRefused()
    {
        using var sessions = Open(entry => entry["label_confidence"] = new JsonObject { ["unicorn"] = 0.6 });

        Assert.Contains(
            "label_confidence names 'unicorn', which is not in labels_file",
            Assert.Throws<ModelLoadException>(() => LoadedModels.Detector(sessions, "nanodet_g_416")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task LabelConfidence_OfPersons_LeavesTheSureOnesAndAllOthers()
    {
        using var plain = Open(_ => { });
        using var strict = Open(entry => entry["label_confidence"] = new JsonObject { ["person"] = 0.7 });
        var frame = (await SampleFrames.ReadAsync(50))[1];
        var all = await DetectAsync(plain);

        var sure = await DetectAsync(strict);

        var expected = all.Where(item => item.Label != "person" || item.Confidence >= 0.7f).ToList();
        Assert.InRange(expected.Count, 1, all.Count - 1);
        Assert.Equal(expected, sure);

        async Task<IReadOnlyList<Detection>> DetectAsync(ModelSessions sessions) =>
            (await LoadedModels.Detector(sessions, "nanodet_g_416").ProcessAsync(
                new StageInput(frame, []), TestContext.Current.CancellationToken)).Detections;
    }

    [Fact]
    public void Create_AnotherNumberOfLabels_IsRefused()
    {
        File.WriteAllText(_folder.File("two.names"), "person\ncar\n");
        using var sessions = Open(entry => entry["labels_file"] = _folder.File("two.names"));

        Assert.Contains(
            "Check family and labels_file",
            Assert.Throws<ModelLoadException>(() => LoadedModels.Detector(sessions, "nanodet_g_416")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Get_Twice_LoadsOnceAndIsListed()
    {
        using var sessions = Open(_ => { });

        Assert.Same(sessions.Get("nanodet_g_416"), sessions.Get("nanodet_g_416"));
        Assert.Equal("MIT AND Apache-2.0", Assert.Single(sessions.Loaded).License);
    }

    [Fact]
    public async Task Run_CancelledWhileItRuns_EndsAsACancellation()
    {
        using var sessions = LoadedModels.Open(Path.Combine(ModelFolder, "models.json"));
        var model = sessions.Get("ppocr_v4_detection");
        using var cancel = new CancellationTokenSource();
        var input = new float[3 * 2048 * 2048];

        // The run takes seconds, so the cancellation comes between two of its operators.
        var run = Task.Run(
            () => model.Run(input, [1, 3, 2048, 2048], cancel.Token).Dispose(), TestContext.Current.CancellationToken);
        await Wait.UntilAsync(() => model.Running == 1, "the run starts");
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        model.WarmUp(TestContext.Current.CancellationToken);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>A catalogue with a modified copy of a committed entry.</summary>
    private ModelSessions Open(Action<JsonNode> change, string id = "nanodet_g_416")
    {
        var catalogue = JsonNode.Parse(File.ReadAllText(Path.Combine(ModelFolder, "models.json")))!;
        var entry = catalogue["models"]!.AsArray().Single(item => (string?)item!["id"] == id)!.DeepClone();
        entry["file"] = Path.Combine(ModelFolder, (string)entry["file"]!);
        entry["labels_file"] = Path.Combine(ModelFolder, (string)entry["labels_file"]!);
        change(entry);
        File.WriteAllText(_folder.File("models.json"),
            new JsonObject { ["models"] = new JsonArray(entry) }.ToJsonString());
        return LoadedModels.Open(_folder.File("models.json"));
    }

    /// <summary>Starts a run of many seconds on its own thread and returns when it has started.</summary>
    private static Task StartLongRun(ModelSession session, CancellationToken cancellationToken)
    {
        const int Side = 4096;
        var run = Task.Factory.StartNew(
            () => session.Run(new float[3 * Side * Side], [1, 3, Side, Side], cancellationToken).Dispose(),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.True(
            SpinWait.SpinUntil(() => session.Running > 0, StartLimit), $"The run did not start within {StartLimit}.");
        return run;
    }
}
