using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using Grpc.Core;
using Grpc.Net.Client;
using Contract = ForegSyte.Inference.V1.InferenceService;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>The decoder sandbox of the InferenceService as a process: its start, its report, and its end.</summary>
public sealed class SandboxTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Limits")]
    [InlineData("Network")]
    [InlineData("Files")]
    public async Task Kill9_WhileDecoding_LeavesNoDecoder(string level)
    {
        await using var services = await StartAsync(level);
        var video = Path.Combine(services.Storage, "clip.mp4");
        File.Copy(RepositoryFiles.Pedestrians, video);
        using var channel = GrpcChannel.ForAddress(services.InferenceAddress);
        var request = new RunPipelineRequest { PipelineId = "yolo_ocr", Video = new() { Uri = $"file://{video}" } };
        using var call = new Contract.InferenceServiceClient(channel)
            .RunPipelineAsync(request, cancellationToken: Token);
        int[] decoders = [];
        await Wait.UntilAsync(
            () =>
            {
                decoders = ChildProcesses.Below(services.InferenceService.Id);
                return decoders.Any(id => ChildProcesses.NameOf(id) == "ffmpeg");
            },
            "the InferenceService starts ffmpeg");

        // A stopped process does not notice its closed output: only the kernel can end it.
        await Cli.Wrap("kill").WithValidation(CommandResultValidation.None)
            .WithArguments(["-STOP", .. decoders.Select(id => $"{id}")]).ExecuteBufferedAsync(Token);
        await services.InferenceService.KillAsync();

        await Wait.UntilEqualAsync(
            [], () => decoders.Select(ChildProcesses.NameOf).Where(name => name.Length > 0).ToList());
        Assert.Equal(
            StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync)).StatusCode);
    }

    [Theory]
    [InlineData("Limits", SandboxLevel.Limits)]
    [InlineData("Network", SandboxLevel.Network)]
    [InlineData("Files", SandboxLevel.Files)]
    public async Task GetServerInfo_TellsTheLevel_AndSoDoesTheLog(string level, SandboxLevel expected)
    {
        await using var services = await StartAsync(level);
        using var channel = GrpcChannel.ForAddress(services.InferenceAddress);

        var info = (await new Contract.InferenceServiceClient(channel).GetServerInfoAsync(
            new GetServerInfoRequest(), cancellationToken: Token)).ServerInfo;

        Assert.Equal(expected, info.Sandbox.Level);
        Assert.Contains("the protocol whitelist", info.Sandbox.Measures);
        Assert.Contains("the end together with the service", info.Sandbox.Measures);
        Assert.Contains($"sandbox level {level}", services.InferenceService.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_RequiredAndBubblewrapMissing_IsRefusedInOneLine()
    {
        using var folder = new TemporaryFolder();
        var path = await PathWithoutAsync(folder, "bwrap");
        var settings = Settings("Files");
        settings["DataDirectory"] = folder.Path;
        settings["Listen:Port"] = "0";
        settings["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines");
        settings["Models:CataloguePath"] = Path.Combine(RepositoryFiles.Data, "models", "models.json");

        await using var service = ServiceProcess.Launch("InferenceService", settings, "env", $"PATH={path}");

        Assert.Equal(1, await service.Exit.WaitAsync(Wait.Timeout, Token));
        var refusal = Assert.Single(
            service.Output.Split('\n'),
            line => line.StartsWith("InferenceService failed: ", StringComparison.Ordinal));
        Assert.Contains("bwrap (bubblewrap) is not installed", refusal, StringComparison.Ordinal);
    }

    private static async Task<Installation> StartAsync(string level)
    {
        if (level == "Files")
        {
            var works = await Cli.Wrap("sh").WithValidation(CommandResultValidation.None).WithArguments(
                ["-c", "bwrap --unshare-all --ro-bind / / true"]).ExecuteBufferedAsync(Token);
            Assert.SkipUnless(works.ExitCode == 0, $"bubblewrap does not work here: {works.StandardError}");
        }

        var services = new Installation(inferenceSettings: Settings(level));
        Directory.CreateDirectory(services.Storage);
        await services.StartInferenceServiceAsync();
        return services;
    }

    private static Dictionary<string, string> Settings(string level) => new()
    {
        ["Video:Sandbox"] = level == "Limits" ? "Off" : "Required",
        ["Video:SandboxLevel"] = level,
    };

    /// <summary>A PATH with links to the programs that a service needs, except one.</summary>
    private static async Task<string> PathWithoutAsync(TemporaryFolder folder, string missing)
    {
        Directory.CreateDirectory(folder.File("bin"));
        string[] programs =
            ["dotnet", "ffmpeg", "ffprobe", "setsid", "nice", "choom", "prlimit", "unshare", "setpriv", "bwrap"];
        foreach (var program in programs.Where(program => program != missing))
        {
            var found = await Cli.Wrap("sh").WithArguments(["-c", $"command -v {program} || true"])
                .ExecuteBufferedAsync(Token);
            if (found.StandardOutput.Trim() is { Length: > 0 } path)
            {
                File.CreateSymbolicLink(folder.File("bin", program), path);
            }
        }

        return folder.File("bin");
    }
}
