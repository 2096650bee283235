using System.Security.Cryptography;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Fetching;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>SubmitVideo by https, over real sockets on both sides and with real files.</summary>
public sealed class RemoteVideoRpcTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority = new();
    private VideoServer? _server;
    private RunningJobService? _service;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static byte[] Clip => File.ReadAllBytes(RepositoryFiles.Pedestrians);

    [Fact]
    public async Task SubmitVideo_ByHttps_StoresTheVideoAndMakesAJob()
    {
        await StartAsync(VideoServer.First(VideoServer.Break(Clip, 30_000), VideoServer.File(Clip)));

        var job = (await SubmitAsync("/a.mp4")).Job;

        Assert.Equal(JobStatus.Pending, job.Status);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Clip)), job.VideoSha256);
        await using var stored = await _service!.Storage.OpenReadAsync(
            Assert.Single(await _service.Storage.KeysAsync()), Cancellation);
        using var bytes = new MemoryStream();
        await stored.CopyToAsync(bytes, Cancellation);
        Assert.Equal(Clip, bytes.ToArray());
    }

    [Fact]
    public async Task SubmitVideo_VideoChangedAfterAnInterruption_StoresTheNewOne()
    {
        var longer = new byte[Clip.Length + 1000];
        Clip.CopyTo(longer, 0);
        await StartAsync(VideoServer.First(VideoServer.Break(longer, 30_000), VideoServer.File(Clip, "\"v2\"")));

        var job = (await SubmitAsync("/a.mp4")).Job;

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Clip)), job.VideoSha256);
        await using var stored = await _service!.Storage.OpenReadAsync(
            Assert.Single(await _service.Storage.KeysAsync()), Cancellation);
        using var bytes = new MemoryStream();
        await stored.CopyToAsync(bytes, Cancellation);
        Assert.Equal(Clip, bytes.ToArray());
    }

    [Fact]
    public async Task SubmitVideo_RepeatedRequestId_IsTheSameJobWithoutAFetch()
    {
        await StartAsync(VideoServer.File(Clip));
        var requestId = Guid.NewGuid().ToString();

        var first = (await SubmitAsync("/a.mp4?signature=secret", requestId)).Job;
        var second = (await SubmitAsync("/a.mp4?signature=secret", requestId)).Job;
        var other = await RunningJobService.FailureOfAsync(Call("/a.mp4?signature=other", requestId));

        Assert.Equal(first.JobId, second.JobId);
        Assert.Equal("REQUEST_ID_CONFLICT", other.Info.Reason);
        Assert.Single(_server!.Requests);
        Assert.DoesNotContain("secret", first.ToString() + other.Status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SubmitVideo_PageInsteadOfAVideo_IsRefusedAfterItsFirstBytes()
    {
        await StartAsync(async context =>
        {
            var page = new byte[1 << 20];
            "<!DOCTYPE html>"u8.CopyTo(page);
            await context.Response.Body.WriteAsync(page, context.RequestAborted);

            // The rest never arrives, so the call ends only if the service does not wait for it.
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });

        await AssertRefusedAsync("/a.mp4", StatusCode.InvalidArgument, "NOT_AN_MP4");
    }

    [Fact]
    public async Task SubmitVideo_HalfAVideo_IsTruncated()
    {
        await StartAsync(VideoServer.File(Clip[..(Clip.Length / 2)]));

        await AssertRefusedAsync("/a.mp4", StatusCode.InvalidArgument, "TRUNCATED_MP4");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task SubmitVideo_FewBytes_AreNotAVideo(int bytes)
    {
        await StartAsync(VideoServer.File(Clip[..bytes]));

        await AssertRefusedAsync(
            "/a.mp4", StatusCode.InvalidArgument, bytes == 0 ? "EMPTY_VIDEO" : "NOT_AN_MP4");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SubmitVideo_TooLarge_IsRefused(bool hasContentLength)
    {
        await StartAsync(InTwoParts(hasContentLength), ("Submit:MaxVideoBytes", "60000"));

        var info = await AssertRefusedAsync("/a.mp4", StatusCode.InvalidArgument, "VIDEO_LIMIT_EXCEEDED");
        Assert.Equal("Submit:MaxVideoBytes", info["option"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SubmitVideo_AboveTheTenantsQuota_IsRefusedAndStoresNothing(bool hasContentLength)
    {
        await StartAsync(InTwoParts(hasContentLength), ("Tenants:MaxVideoBytes", "60000"));

        var info = await AssertRefusedAsync("/a.mp4", StatusCode.ResourceExhausted, "TENANT_QUOTA_EXCEEDED");

        Assert.Equal(("Tenants:MaxVideoBytes", "60000"), (info["option"], info["limit"]));
    }

    [Fact]
    public async Task SubmitVideo_CallersDeadline_EndsTheFetch()
    {
        var ended = new TaskCompletionSource();
        await StartAsync(async context =>
        {
            context.RequestAborted.Register(() => ended.TrySetResult());
            context.Response.ContentLength = Clip.Length;
            await context.Response.Body.WriteAsync(Clip.AsMemory(0, 50_000));
            await context.Response.Body.FlushAsync();
            await ended.Task;
        });

        var failure = await Assert.ThrowsAsync<RpcException>(() => Call(
            "/a.mp4", deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(1)).ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        await ended.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
    }

    [Fact]
    [Reaches(ErrorReason.SourceUnavailable)]
    public async Task SubmitVideo_UnreachableServer_IsUnavailable()
    {
        await StartAsync(VideoServer.File(Clip));
        var port = _server!.Port;
        await _server.DisposeAsync();
        _server = null;

        var uri = $"https://127.0.0.1:{port}/a.mp4";
        var (code, info, status) = await RunningJobService.FailureOfAsync(
            _service!.Client.SubmitVideoAsync(Request(uri), cancellationToken: Cancellation));

        Assert.Equal((StatusCode.Unavailable, "SOURCE_UNAVAILABLE"), (code, info.Reason));
        Assert.Equal(uri, info.Metadata["value"]);
        Assert.DoesNotContain("refused", status.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("http://127.0.0.1/a.mp4", "UNSUPPORTED_URI")]
    [InlineData("ftp://127.0.0.1/a.mp4", "UNSUPPORTED_URI")]
    [InlineData("a.mp4", "UNSUPPORTED_URI")]
    [InlineData("/etc/passwd", "UNSUPPORTED_URI")]
    [InlineData("data:video/mp4;base64,AAAA", "UNSUPPORTED_URI")]
    [InlineData("https://other.example/a.mp4", "SOURCE_NOT_ALLOWED")]
    [InlineData("https://[::1]/a.mp4", "SOURCE_NOT_ALLOWED")]
    [InlineData("s3://bucket/a.mp4", "SOURCE_NOT_ALLOWED")]
    public async Task SubmitVideo_OtherUris_AreRefused(string uri, string reason)
    {
        await StartAsync(VideoServer.File(Clip));

        var (code, info, status) = await RunningJobService.FailureOfAsync(
            _service!.Client.SubmitVideoAsync(Request(uri), cancellationToken: Cancellation));

        Assert.Equal((StatusCode.InvalidArgument, reason), (code, info.Reason));
        Assert.Equal("uri", status.GetDetail<Google.Rpc.BadRequest>()!.FieldViolations.Single().Field);
        Assert.Empty(_server!.Requests);
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _authority.Dispose();
        _folder.Dispose();
    }

    private static SubmitVideoRequest Request(string uri, string requestId = "") =>
        new() { Uri = uri, PipelineId = "detect_only", RequestId = requestId };

    private static RequestDelegate InTwoParts(bool hasContentLength) => async context =>
    {
        context.Response.ContentLength = hasContentLength ? Clip.Length : null;
        await context.Response.Body.WriteAsync(Clip.AsMemory(0, 50_000));
        await context.Response.Body.FlushAsync();
        await context.Response.Body.WriteAsync(Clip.AsMemory(50_000));
    };

    private async Task StartAsync(RequestDelegate answer, params (string Key, string Value)[] settings)
    {
        var authorities = _folder.File("authorities.pem");
        await File.WriteAllTextAsync(authorities, _authority.RootPem, Cancellation);
        _server = await VideoServer.StartAsync(_authority.Issue("127.0.0.1"));
        _server.Answer = answer;
        _service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(),
            [
                ("Sources:AllowedHosts:0", "127.0.0.1"),
                ("Sources:AllowedPorts:0", $"{_server.Port}"),
                ("Sources:AllowedNetworks:0", "127.0.0.1/32"),
                ("Sources:CertificateAuthorities", authorities),
                ("Sources:ResumeDelay", "00:00:00.001"),
                .. settings,
            ]);
    }

    private AsyncUnaryCall<SubmitVideoResponse> Call(string path, string requestId = "", DateTime? deadline = null) =>
        _service!.Client.SubmitVideoAsync(
            Request($"https://127.0.0.1:{_server!.Port}{path}", requestId), deadline: deadline,
            cancellationToken: Cancellation);

    private Task<SubmitVideoResponse> SubmitAsync(string path, string requestId = "") =>
        Call(path, requestId).ResponseAsync;

    private async Task<IDictionary<string, string>> AssertRefusedAsync(string path, StatusCode code, string reason)
    {
        var failure = await RunningJobService.FailureOfAsync(Call(path));
        Assert.Equal((code, reason), (failure.Code, failure.Info.Reason));
        Assert.Empty(await _service!.Storage.KeysAsync());
        Assert.Equal(0, await _service.Storage.RemoveAbandonedAsync(Cancellation));
        return failure.Info.Metadata;
    }
}
