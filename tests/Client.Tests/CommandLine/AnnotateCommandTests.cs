using System.Security.Cryptography;
using ForegSyte.Client.Tests.Annotation;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class AnnotateCommandTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _video = File.ReadAllBytes(RepositoryFiles.Pedestrians);
    private ScriptedServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedServer.StartAsync();
        _server.Service.Get.Always((_, _) => Task.FromResult(new GetJobResponse { Job = SampleJobs.Completed() }));
        _server.Service.Download.Serve(_video, rangeBytes: 100_000);
        _server.Service.Results.Always((_, _) => Task.FromResult(new GetJobResultsResponse
        {
            Results = { Enumerable.Range(0, 100).Select(SampleJobs.Frame) },
            Complete = true,
        }));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Annotate_CompletedJob_DownloadsItsVideoAndDrawsOnIt()
    {
        var run = await RunAsync();

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal($"Annotated video: out/pedestrians.annotated.mp4{Environment.NewLine}", run.Output);
        Assert.Contains("downloading", run.Error, StringComparison.Ordinal);
        Assert.Contains("drawing, 100 of 100 frames", run.Error, StringComparison.Ordinal);
        var copy = _folder.File("out", "pedestrians.annotated.mp4");
        Assert.Equal([copy], Directory.GetFileSystemEntries(_folder.File("out")));
        Assert.Equal("768,576,100", await AnnotatedClip.StreamAsync(copy, "width,height,nb_frames"));
    }

    [Theory]
    [InlineData("copy.mp4", "copy.mp4")]
    [InlineData("new/copy.mp4", "new/copy.mp4")]
    [InlineData("new/", "new/pedestrians.annotated.mp4")]
    [InlineData(".", "pedestrians.annotated.mp4")]
    public async Task Annotate_Output_IsAFileOrAFolder(string output, string expected)
    {
        var run = await RunAsync("-o", output);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal($"Annotated video: {expected}{Environment.NewLine}", run.Output);
        Assert.True(File.Exists(_folder.File(expected)), "The printed path is not that of the copy.");
    }

    [Fact]
    public async Task Annotate_FailedJob_DrawsWhatItFoundAndSaysThatItFailed()
    {
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Failed() });

        var run = await RunAsync("-o", "copy.mp4");

        Assert.Equal(4, run.ExitCode);
        Assert.Contains("UNDECODABLE_VIDEO", run.Error, StringComparison.Ordinal);
        Assert.Equal("100", await AnnotatedClip.StreamAsync(_folder.File("copy.mp4"), "nb_frames"));
    }

    [Fact]
    public async Task Annotate_RunningJob_SaysToWait()
    {
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Running(3) });

        var run = await RunAsync();

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains($"'foregsyte wait {SampleJobs.Id}'", run.Error, StringComparison.Ordinal);
        Assert.Empty(_server.Service.Download.Requests);
    }

    [Fact]
    public async Task Annotate_VideoGone_ExitsWithThreeAndLeavesNoFile()
    {
        _server.Service.Download.Fail(
            Failures.Of(StatusCode.FailedPrecondition, ErrorReason.VideoGone, "The video was deleted."));

        var run = await RunAsync();

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("VIDEO_GONE", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.File("out")));
    }

    [Fact]
    public async Task Annotate_InterruptedDownload_ResumesAndNeedsNoByteTwice()
    {
        var reached = new TaskCompletionSource();
        _server.Service.Download
            .Do((request, _) => Task.FromResult(DownloadScript.Range(_video, request, 100_000)))
            .Hang(reached);
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var running = CommandLineRun.StartAsync(
            ["annotate", SampleJobs.Id, "--server", _server.Address.ToString()], interruption.Token, _folder.Path);
        await reached.Task.WaitAsync(Script.TimeLimit, Token);
        await interruption.CancelAsync();
        var interrupted = await running;

        Assert.Equal(5, interrupted.ExitCode);
        Assert.Contains("97.6KiB of", interrupted.Error, StringComparison.Ordinal);
        Assert.Contains("Run the same command to resume.", interrupted.Error, StringComparison.Ordinal);

        var run = await RunAsync();

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(1, _server.Service.Download.Requests.Count(request => request.Offset == 0));
    }

    [Fact]
    public async Task Annotate_DamagedDownload_IsRefused()
    {
        _server.Service.Download.Serve(_video, 1_000_000, sha256: Convert.ToHexStringLower(SHA256.HashData([])));

        var run = await RunAsync();

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("SHA-256", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.File("out")));
    }

    private Task<CommandLineRun> RunAsync(params string[] options) => CommandLineRun.StartAsync(
        ["annotate", SampleJobs.Id, .. options, "--server", _server.Address.ToString()], Token, _folder.Path);
}
