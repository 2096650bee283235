using ForegSyte.Client;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Net.Client;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>
/// A failed start prints its reason without a stack trace; a missing GPU is visible or fails the start.
/// </summary>
public sealed class StartTests
{
    private static readonly string Pipelines = Path.Combine(RepositoryFiles.Data, "pipelines");

    [Theory]
    [InlineData("JobService", "Dispatch:MaxConcurrentJobs", "0", "Dispatch:MaxConcurrentJobs must be between 1")]
    [InlineData("JobService", "Dispatch:MaxConcurentJobs", "1", "Dispatch:MaxConcurentJobs is not a setting")]
    [InlineData("JobService", "Listen:Adress", "127.0.0.1", "Listen:Adress is not a setting")]
    [InlineData("JobService", "Pipelines:Directory", "/nowhere", "/nowhere does not exist")]
    [InlineData("JobService", "Inference:Addresses:0", "ftp://x", "Inference:Addresses must hold")]
    [InlineData("InferenceService", "Device:Provdier", "cpu", "Device:Provdier is not a setting")]
    [InlineData("InferenceService", "Video:FfmpegPath", "/nowhere/ffmpeg", "apt-get install ffmpeg")]
    [InlineData("InferenceService", "Models:CataloguePath", "/nowhere/models.json", "/nowhere/models.json")]
    public async Task Start_WrongSetting_IsRefusedInOneLine(string service, string key, string value, string expected)
    {
        using var folder = new TemporaryFolder();
        var settings = new Dictionary<string, string>
        {
            ["DataDirectory"] = folder.Path,
            ["Listen:Port"] = "0",
            ["Pipelines:Directory"] = Pipelines,
            ["Models:CataloguePath"] = Path.Combine(RepositoryFiles.Data, "models", "models.json"),
        };
        if (service == "JobService")
        {
            settings.Remove("Models:CataloguePath");
        }

        settings[key] = value;
        await AssertRefusedAsync(service, settings, expected);
    }

    [Theory]
    [InlineData("JobService")]
    [InlineData("InferenceService")]
    public async Task Start_BrokenPipelineFile_IsRefusedWithItsName(string service)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("pipelines"));
        await File.WriteAllTextAsync(
            folder.File("pipelines", "broken.json"), "{\"id\": \"broken\",", TestContext.Current.CancellationToken);
        var settings = InferenceSettings(folder);
        settings["Models:CataloguePath"] = Path.Combine(RepositoryFiles.Data, "models", "models.json");
        settings["Pipelines:Directory"] = folder.File("pipelines");
        if (service == "JobService")
        {
            settings.Remove("Models:CataloguePath");
        }

        await AssertRefusedAsync(service, settings, "broken.json");
    }

    [Fact]
    public async Task Start_SecondJobServiceOnTheDatabase_IsRefused()
    {
        await using var services = new Installation();
        await services.StartJobServiceAsync();
        await AssertRefusedAsync(
            "JobService",
            new Dictionary<string, string>
            {
                ["DataDirectory"] = services.Data,
                ["Listen:Port"] = "0",
                ["Pipelines:Directory"] = Pipelines,
            },
            "Another JobService uses");
    }

    [Fact]
    public async Task Start_ModelWithAnotherHash_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var models = Path.Combine(RepositoryFiles.Data, "models");
        foreach (var file in Directory.GetFiles(models))
        {
            File.Copy(file, folder.File(Path.GetFileName(file)));
        }

        await File.AppendAllTextAsync(
            folder.File("nanodet_g_416_int8.onnx"), "x", TestContext.Current.CancellationToken);
        await AssertRefusedAsync("InferenceService", InferenceSettings(folder), "nanodet_g_416_int8");
    }

    [Fact]
    public async Task Start_GpuRequiredButMissing_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var settings = InferenceSettings(folder);
        settings["Models:CataloguePath"] = Path.Combine(RepositoryFiles.Data, "models", "models.json");
        settings["Device:Provider"] = "cuda";
        settings["Device:RequireGpu"] = "true";
        await AssertRefusedAsync("InferenceService", settings, "CUDA execution provider is not enabled in this build");
    }

    [Fact]
    public async Task Start_GpuRequestedButMissing_FallsBackVisibly()
    {
        var token = TestContext.Current.CancellationToken;
        await using var services = new Installation(
            inferenceSettings: new Dictionary<string, string> { ["Device:Provider"] = "cuda" });
        await services.StartAsync();
        using var channel = GrpcChannel.ForAddress(services.InferenceAddress);
        var info = (await new InferenceService.InferenceServiceClient(channel)
            .GetServerInfoAsync(new Inference.V1.GetServerInfoRequest(), cancellationToken: token)).ServerInfo;
        Assert.Equal(ExecutionProvider.Cpu, info.Device.ExecutionProvider);
        Assert.Contains("CUDA execution provider is not enabled", info.Device.FallbackReason, StringComparison.Ordinal);
        await services.InferenceService.PrintsAsync("fell back to CPU");

        await using var client = services.Client();
        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "detect_only", MaxFrames = 1 },
            cancellationToken: token);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: token);
        Assert.Equal([info.Device], job.Devices);
    }

    private static Dictionary<string, string> InferenceSettings(TemporaryFolder folder) => new()
    {
        ["DataDirectory"] = folder.Path,
        ["Listen:Port"] = "0",
        ["Pipelines:Directory"] = Pipelines,
        ["Models:CataloguePath"] = folder.File("models.json"),
    };

    private static async Task AssertRefusedAsync(string name, Dictionary<string, string> settings, string expected)
    {
        await using var service = ServiceProcess.Launch(name, settings);
        Assert.Equal(1, await service.Exit.WaitAsync(Wait.Timeout, TestContext.Current.CancellationToken));
        Assert.Contains(expected, service.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", service.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Now listening", service.Output, StringComparison.Ordinal);
    }
}
