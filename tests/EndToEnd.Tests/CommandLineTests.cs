using System.Security.Cryptography;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>The command line as a process, against both services.</summary>
[Collection(SharedCollection.Name)]
public sealed class CommandLineTests(SharedInstallation shared)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Analyze_Pedestrians_PrintsAndDrawsTheResults()
    {
        using var folder = new TemporaryFolder();
        var run = await RunAsync("analyze", RepositoryFiles.Pedestrians, "--stride", "25", "--output-dir", folder.Path);
        Assert.True(run.ExitCode == 0, $"Exit code {run.ExitCode}: {run.StandardError}");
        Assert.Contains("person", run.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("GATE 07 NORTH", run.StandardOutput, StringComparison.Ordinal);

        var json = await File.ReadAllTextAsync(folder.File("pedestrians.results.json"), Token);
        Assert.Equal(
            [0, 25, 50, 75],
            ForegSyteJson.Parser.Parse<ResultsDocument>(json).Results.Select(frame => frame.FrameIndex));
        Assert.Equal("768,576,100", await ProbeAsync(folder.File("pedestrians.annotated.mp4")));
    }

    [Fact]
    public async Task Annotate_FinishedJob_MakesTheCopyFromTheVideoOfTheServer()
    {
        using var folder = new TemporaryFolder();
        var submit = await RunAsync(
            "submit", RepositoryFiles.Pedestrians, "--pipeline", "detect_only", "--stride", "50");
        var jobId = submit.StandardOutput.Trim();
        Assert.Equal(0, (await RunAsync("wait", jobId)).ExitCode);

        var run = await RunAsync("annotate", jobId, "-o", folder.File("copy.mp4"));

        Assert.True(run.ExitCode == 0, $"Exit code {run.ExitCode}: {run.StandardError}");
        Assert.Equal("768,576,100", await ProbeAsync(folder.File("copy.mp4")));
        Assert.Equal([folder.File("copy.mp4")], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task SubmitWaitResults_InAScript_PassTheJobIdOn()
    {
        var submit = await RunAsync(
            "submit", RepositoryFiles.Pedestrians, "--pipeline", "detect_only", "--max-frames", "2");
        var jobId = submit.StandardOutput.Trim();
        Assert.Equal(0, (await RunAsync("wait", jobId)).ExitCode);
        var results = await RunAsync("results", jobId, "--json");
        var stored = await File.ReadAllTextAsync(
            Path.Combine(shared.Services.Storage, $"{jobId}_results.json"), Token);
        Assert.Equal(
            ForegSyteJson.Parser.Parse<ResultsDocument>(stored),
            ForegSyteJson.Parser.Parse<ResultsDocument>(results.StandardOutput));
        Assert.Equal(2, ForegSyteJson.Parser.Parse<ResultsDocument>(stored).Results.Count);
        Assert.Contains(jobId, (await RunAsync("list", "--limit", "20")).StandardOutput, StringComparison.Ordinal);
        Assert.Contains("yolo_ocr", (await RunAsync("pipelines")).StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failures_HaveDistinctExitCodes()
    {
        Assert.Equal(3, (await RunAsync("get", Guid.NewGuid().ToString())).ExitCode);
        Assert.Equal(2, (await RunAsync("get", "x")).ExitCode);
        var unreachable = await RunAsync("--server", "http://127.0.0.1:1", "pipelines");
        Assert.Equal(6, unreachable.ExitCode);
        Assert.Contains("http://127.0.0.1:1", unreachable.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Analyze_UndecodableVideo_PrintsTheReasonAndCreatesNoFile()
    {
        // The sample tables are intact, so the submission succeeds; the frame data is zeros.
        using var folder = new TemporaryFolder();
        var clip = await Clips.MakeIndependentFramesAsync(folder.File("broken.mp4"), frames: 3);
        await Mp4Surgery.EraseFramesAsync(clip, 0, 1, 2);
        var run = await RunAsync("analyze", clip, "--pipeline", "detect_only", "--output-dir", folder.File("out"));
        Assert.Equal(4, run.ExitCode);
        Assert.Contains("UNDECODABLE_VIDEO", run.StandardError, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("out")), "The failed command created its output folder.");
    }

    private static async Task<string> ProbeAsync(string path)
    {
        var probe = await Cli.Wrap("ffprobe")
            .WithArguments([
                "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames,width,height", "-of", "csv=p=0",
                path,
            ])
            .ExecuteBufferedAsync(Token);
        return probe.StandardOutput.Trim();
    }

    private Task<CommandLineResult> RunAsync(params string[] arguments) =>
        CommandLineProcess.RunAsync(shared.Services.JobAddress, environment: null, arguments);
}

/// <summary>An upload by the command line is resumed after a crash of both the JobService and the command.</summary>
public sealed class CommandLineUploadTests
{
    private const long VideoBytes = 100_000_000;
    private const int PartsBeforeTheCrash = 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Submit_ClientAndServerKilledMidway_TheSameCommandResumes()
    {
        using var folder = new TemporaryFolder();
        var video = await Clips.MakeTestPictureAsync(folder.File("video.mp4"));
        await Mp4Surgery.EnlargeAsync(video, VideoBytes, Token);
        await using var services = new Installation();

        // The service kills itself in the middle of the upload; the command then waits for it and is killed.
        await services.StartJobServiceAsync(new Dictionary<string, string>
        {
            ["Faults:CrashAt"] = "PartRecorded",
            ["Faults:CrashAtPassing"] = $"{PartsBeforeTheCrash}",
        });
        await using (var killed = Submit(services, folder, video))
        {
            await services.JobService.Exit.WaitAsync(Wait.Timeout, Token);
            await killed.KillAsync();
        }

        await services.RestartJobServiceAsync();
        await using var second = Submit(services, folder, video);
        var result = await second.EndAsync();

        Assert.True(result.ExitCode == 0, $"Exit code {result.ExitCode}: {result.StandardError}");
        Assert.Contains("checking the uploaded parts", result.StandardError, StringComparison.Ordinal);
        await using var client = services.Client();
        var job = await client.GetJobAsync(result.StandardOutput.Trim(), cancellationToken: Token);
        await using var bytes = File.OpenRead(video);
        Assert.Equal(Convert.ToHexStringLower(await SHA256.HashDataAsync(bytes, Token)), job.VideoSha256);
        Assert.Equal("video.mp4", job.DisplayName);
        Assert.Empty(Directory.GetFiles(folder.File("state", "foregsyte", "uploads")));
    }

    private static CommandLineProcess Submit(Installation services, TemporaryFolder folder, string video) =>
        CommandLineProcess.Start(
            services.JobAddress,
            new Dictionary<string, string> { ["XDG_STATE_HOME"] = folder.File("state") },
            "submit", video, "--pipeline", "detect_only");
}
