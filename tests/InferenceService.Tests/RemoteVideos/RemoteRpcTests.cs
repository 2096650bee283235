using ForegSyte.Inference.Tests.Grpc;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.RemoteVideos;

/// <summary>Remote videos over the contract.</summary>
public sealed class RemoteRpcTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private ObjectServer? _server;
    private RunningService? _service;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private VideoSource Source => new()
    {
        Uri = _server!.Uri(),
        CacheKey = "sha256:1",
        SizeBytes = new FileInfo(_server.File).Length,
    };

    public async ValueTask InitializeAsync()
    {
        _server = await ObjectServer.StartAsync(RepositoryFiles.Pedestrians);
        _service = new RunningService(new()
        {
            ["Video:AllowedHosts:0"] = _server.Host,
            ["Video:AllowHttp"] = "true",
            ["Video:CacheDirectory"] = _folder.File("cache"),
            ["Video:FetchRetryDelay"] = "00:00:00.001",
        });
        await _service.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _service!.DisposeAsync();
        await _server!.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task RunPipeline_ARemoteVideo_HasTheResultsOfTheFile()
    {
        File.Copy(RepositoryFiles.Pedestrians, _service!.Videos.File("people.mp4"));
        var local = _service.Ask("people.mp4");
        local.Range = new FrameRange { StartFrame = 20, EndFrame = 26 };
        local.FrameStride = 5;
        var remote = local.Clone();
        remote.Video = Source;

        var probed = await _service.Client.ProbeVideoAsync(new() { Video = Source }, cancellationToken: Cancel);
        var expected = await _service.Client.ProbeVideoAsync(new() { Video = local.Video }, cancellationToken: Cancel);
        Assert.Equal(expected, probed);
        Assert.Equal(
            (await _service.Client.RunPipelineAsync(local, cancellationToken: Cancel)).Results,
            (await _service.Client.RunPipelineAsync(remote, cancellationToken: Cancel)).Results);
    }

    [Fact]
    public async Task GetFrame_ARemoteVideo_IsTheFrameOfTheFile()
    {
        File.Copy(RepositoryFiles.Pedestrians, _service!.Videos.File("people.mp4"));
        var local = new ForegSyte.Inference.V1.GetFrameRequest
        {
            Video = _service.Ask("people.mp4").Video,
            FrameIndex = 42,
        };
        var remote = new ForegSyte.Inference.V1.GetFrameRequest(local) { Video = Source };

        Assert.Equal(
            await _service.Client.GetFrameAsync(local, cancellationToken: Cancel),
            await _service.Client.GetFrameAsync(remote, cancellationToken: Cancel));
    }

    [Theory]
    [InlineData(403, ErrorReason.SourceNotAllowed)]
    [InlineData(404, ErrorReason.SourceNotFound)]
    [InlineData(503, ErrorReason.SourceUnavailable)]
    public async Task RunPipeline_TheServerFails_HasTheReason(int status, ErrorReason reason)
    {
        _server!.Fault = (context, _) =>
        {
            context.Response.StatusCode = status;
            return Task.FromResult(true);
        };
        var request = new RunPipelineRequest { Video = Source, PipelineId = "detect_only" };
        var (found, failure) = await RunningService.FailureOfAsync(
            _service!.Client.RunPipelineAsync(request, cancellationToken: Cancel));
        Assert.Equal(reason, found);
        Assert.DoesNotContain("Signature", failure.ToString());
    }

    [Fact]
    [Reaches(ErrorReason.VideoGone)]
    public async Task ProbeVideo_AnObjectOfAnotherSize_IsGone()
    {
        var source = Source;
        source.SizeBytes++;
        Assert.Equal(
            ErrorReason.VideoGone,
            (await RunningService.FailureOfAsync(
                _service!.Client.ProbeVideoAsync(new() { Video = source }, cancellationToken: Cancel))).Reason);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/video.mp4", "", 0, ErrorReason.SourceNotAllowed)]
    [InlineData("ftp://127.0.0.1/video.mp4", "", 0, ErrorReason.UnsupportedUri)]
    [InlineData(null, "a\nb", 0, ErrorReason.InvalidField)]
    [InlineData(null, "", -1, ErrorReason.InvalidField)]
    public async Task ProbeVideo_AnInvalidSource_IsRefusedWithoutARequest(
        string? uri, string key, long size, ErrorReason reason)
    {
        var source = new VideoSource { Uri = uri ?? _server!.Uri(), CacheKey = key, SizeBytes = size };
        Assert.Equal(
            reason,
            (await RunningService.FailureOfAsync(
                _service!.Client.ProbeVideoAsync(new() { Video = source }, cancellationToken: Cancel))).Reason);
        Assert.Equal(0, _server!.Requests);
    }
}
