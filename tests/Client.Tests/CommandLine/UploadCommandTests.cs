using System.Security.Cryptography;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class UploadCommandTests : IAsyncLifetime
{
    private const int PartBytes = 2 * 1024 * 1024;

    private readonly TemporaryFolder _folder = new();
    private ScriptedServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string VideoPath => _folder.File("video.mp4");

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedServer.StartAsync();
        _server.Service.Submit.Always(_server.Uploads.SubmitAsync);
        _server.Service.Pipelines.Always((_, _) => Task.FromResult(
            new ListPipelinesResponse { Pipelines = { new Pipeline { Id = "yolo_ocr" } } }));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Submit_Upload_PrintsTheJobIdOnOutputAndProgressOnError()
    {
        var bytes = MakeVideo(PartBytes + 1000);

        var run = await SubmitAsync(Token);

        Assert.Equal((0, SampleJobs.Id + Environment.NewLine), (run.ExitCode, run.Output));
        Assert.Equal(bytes, Assert.Single(_server.Uploads.Videos));
        Assert.Contains("uploading, 0B of 2MiB", run.Error, StringComparison.Ordinal);
        Assert.Contains("uploading, 2MiB of 2MiB, ", run.Error, StringComparison.Ordinal);
        Assert.Contains("the server checks the video", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_UploadInterrupted_SaysHowToResume()
    {
        MakeVideo(3 * PartBytes);
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(Token);
        _server.Uploads.Part.Do((request, _) => Task.FromResult(_server.Uploads.Take(request)));
        var reached = new TaskCompletionSource();
        _server.Uploads.Part.Hang().Hang(reached);

        var running = SubmitAsync(interruption.Token);
        await reached.Task.WaitAsync(Script.TimeLimit, Token);
        await interruption.CancelAsync();
        var run = await running;

        Assert.Equal((5, ""), (run.ExitCode, run.Output));
        Assert.Contains("Run the same command to resume.", run.Error, StringComparison.Ordinal);
        Assert.Single(_server.Uploads.Open);
    }

    [Fact]
    public async Task Submit_LongOutage_SaysHowToResume()
    {
        MakeVideo(PartBytes);
        _server.Uploads.Part.Always((_, _) => throw Failures.Unavailable);

        var run = await SubmitAsync(Token);

        Assert.Equal(6, run.ExitCode);
        Assert.Contains(
            "The server keeps the uploaded 0B of 2MiB until the upload expires. Run the same command to resume.",
            run.Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_VideoRejectedAfterTheUpload_SaysThatItStartsAgain()
    {
        MakeVideo(PartBytes);
        _server.Service.Submit.Fail(
            Failures.Of(StatusCode.InvalidArgument, ErrorReason.NoVideoTrack, "There is sound only."));

        var run = await SubmitAsync(Token);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("NO_VIDEO_TRACK", run.Error, StringComparison.Ordinal);
        Assert.Contains("The same command starts the upload again.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_TooManyUploads_ExitsWithSix()
    {
        MakeVideo(PartBytes);
        _server.Uploads.Create.Fail(
            Failures.Of(StatusCode.ResourceExhausted, ErrorReason.TooManyUploads, "64 uploads are open."));

        var run = await SubmitAsync(Token);

        Assert.Equal(6, run.ExitCode);
        Assert.Contains("unfinished uploads expire", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Analyze_Upload_SendsTheVideo()
    {
        var bytes = MakeVideo(PartBytes);
        _server.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Failed()));

        var run = await CommandLineRun.StartAsync(
            ["analyze", VideoPath, "--transfer", "upload", "--server", _server.Address.ToString()],
            Token,
            _folder.Path);

        Assert.Equal(4, run.ExitCode);
        Assert.Equal(bytes, Assert.Single(_server.Uploads.Videos));
    }

    private byte[] MakeVideo(int sizeBytes)
    {
        var bytes = RandomNumberGenerator.GetBytes(sizeBytes);
        "\0\0\0\u0018ftypisom"u8.CopyTo(bytes);
        File.WriteAllBytes(VideoPath, bytes);
        return bytes;
    }

    private Task<CommandLineRun> SubmitAsync(CancellationToken cancellationToken) => CommandLineRun.StartAsync(
        ["submit", VideoPath, "--transfer", "upload", "--server", _server.Address.ToString()],
        cancellationToken,
        _folder.Path);
}
