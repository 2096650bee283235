using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>The real command line against the real services.</summary>
[Collection(SharedCollection.Name)]
public sealed class CommandLineTests(SharedInstallation shared)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Analyze_ThePedestrianClip_PrintsWhatWasFoundAndDrawsIt()
    {
        using var folder = new TemporaryFolder();
        var run = await RunAsync("analyze", RepositoryFiles.Pedestrians, "--stride", "25", "--output-dir", folder.Path);
        Assert.True(run.ExitCode == 0, run.StandardError);
        Assert.Contains("person", run.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("GATE 07 NORTH", run.StandardOutput, StringComparison.Ordinal);

        var json = await File.ReadAllTextAsync(folder.File("pedestrians.results.json"), Token);
        Assert.Equal(
            [0, 25, 50, 75],
            ForegSyteJson.Parser.Parse<ResultsDocument>(json).Results.Select(frame => frame.FrameIndex));
        var probe = await Cli.Wrap("ffprobe")
            .WithArguments([
                "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames,width,height", "-of", "csv=p=0",
                folder.File("pedestrians.annotated.mp4"),
            ])
            .ExecuteBufferedAsync(Token);
        Assert.Equal("768,576,100", probe.StandardOutput.Trim());
    }

    [Fact]
    public async Task SubmitWaitResults_InAScript_HandOnTheJobId()
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
    public async Task Failures_HaveExitCodesThatScriptsCanUse()
    {
        Assert.Equal(3, (await RunAsync("get", Guid.NewGuid().ToString())).ExitCode);
        Assert.Equal(2, (await RunAsync("get", "x")).ExitCode);
        var unreachable = await RunAsync("--server", "http://127.0.0.1:1", "pipelines");
        Assert.Equal(6, unreachable.ExitCode);
        Assert.Contains("http://127.0.0.1:1", unreachable.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Analyze_AVideoThatNoDecoderReads_TellsTheReasonAndMakesNoFile()
    {
        // The tables are whole, so that it is accepted; its pictures are zeros.
        using var folder = new TemporaryFolder();
        var clip = await Clips.MakeIndependentFramesAsync(folder.File("broken.mp4"), frames: 3);
        await Mp4Surgery.EraseFramesAsync(clip, 0, 1, 2);
        var run = await RunAsync("analyze", clip, "--pipeline", "detect_only", "--output-dir", folder.File("out"));
        Assert.Equal(4, run.ExitCode);
        Assert.Contains("UNDECODABLE_VIDEO", run.StandardError, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("out")));
    }

    private Task<BufferedCommandResult> RunAsync(params string[] arguments) =>
        CommandLineProcess.RunAsync(shared.Services.JobAddress, new Dictionary<string, string>(), arguments);
}
