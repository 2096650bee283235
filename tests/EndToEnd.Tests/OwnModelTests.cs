using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>A user adds a model to a running installation and removes it again.</summary>
public sealed class OwnModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Add_ModelOfAUser_IsUsedWithoutARestartOfTheJobServiceUntilItIsRemoved()
    {
        var settings = CopyModels();
        await File.WriteAllTextAsync(_folder.File("three.names"), "person\nbicycle\ncar\n", Token);
        var model = Path.Combine(
            RepositoryFiles.Root, "tests", "InferenceService.Tests", "Reference", "tiny_yolov8.onnx");

        // Only the InferenceService sees these folders: the JobService learns the pipeline from it.
        await using var services = new Installation(inferenceSettings: settings);
        await services.StartAsync();
        await using var client = services.Client();
        await AssertUnknownAsync(client);

        await RunAsync(
            services, settings, "add", model, "--id", "own", "--labels", _folder.File("three.names"), "--license",
            "Apache-2.0");
        await services.RestartInferenceServiceAsync();
        await WaitForPipelinesAsync(client, "detect_only", "ocr_only", "own", "yolo_ocr");
        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "own", FrameStride = 20 },
            cancellationToken: Token);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);
        Assert.Equal((JobStatus.Completed, 5), (job.Status, (int)job.Summary.Frames.Analyzed));
        Assert.NotEmpty(job.Summary.Labels);

        await RunAsync(services, settings, "remove", "own", "--with-pipelines");
        await services.RestartInferenceServiceAsync();
        await WaitForPipelinesAsync(client, "detect_only", "ocr_only", "yolo_ocr");
        await AssertUnknownAsync(client);
    }

    private static async Task AssertUnknownAsync(ForegSyteClient client)
    {
        var refused = await Assert.ThrowsAsync<ForegSyteException>(() => client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "own" }, cancellationToken: Token));
        Assert.Equal(ErrorReason.UnknownPipeline, refused.Reason);
        Assert.Contains(
            "There is no pipeline \"own\" here. This server has: detect_only, ocr_only, yolo_ocr.", refused.Message,
            StringComparison.Ordinal);
    }

    private static Task<List<string>> WaitForPipelinesAsync(
        ForegSyteClient client, params string[] expected) => Wait.ForAsync(
        async () => await client.ListPipelinesAsync().Select(pipeline => pipeline.Id).ToListAsync(Token),
        ids => ids.SequenceEqual(expected),
        $"the JobService has the pipelines {string.Join(", ", expected)}");

    private static async Task RunAsync(
        Installation services, Dictionary<string, string> settings, params string[] arguments)
    {
        await using var command = ServiceProcess.LaunchWith(
            "InferenceService",
            new Dictionary<string, string>(settings) { ["DataDirectory"] = services.Data },
            ["models", .. arguments]);
        Assert.True(await command.Exit == 0, command.Output);
    }

    /// <summary>Copies the committed models and pipelines; returns the settings that name the copies.</summary>
    private Dictionary<string, string> CopyModels()
    {
        foreach (var folder in new[] { "models", "pipelines" })
        {
            Directory.CreateDirectory(_folder.File(folder));
            foreach (var file in Directory.GetFiles(Path.Combine(RepositoryFiles.Data, folder)))
            {
                File.CreateSymbolicLink(_folder.File(folder, Path.GetFileName(file)), file);
            }
        }

        return new Dictionary<string, string>
        {
            ["Models:CataloguePath"] = _folder.File("models", "models.json"),
            ["Pipelines:Directory"] = _folder.File("pipelines"),
        };
    }
}
