using System.Security.Cryptography.X509Certificates;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Inference.Tests.RemoteVideos;

/// <summary>Which bytes of a remote video are requested, and what follows when a request fails.</summary>
public sealed class FetchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TenSegments_FetchTheFileOnceAndOneATenth()
    {
        var path = await ClipAsync(3600);
        var size = new FileInfo(path).Length;
        await using var server = await ObjectServer.StartAsync(path);
        await using (var remote = await RemoteParts.StartAsync(server, _folder.File("one")))
        {
            Assert.Equal(360, (await remote.ReadAsync(server, 1800, 2160)).Count);
            Assert.Equal(0, remote.Repeats);
            Assert.InRange(server.BytesSent, size / 10, size * 17 / 100);
        }

        var before = server.BytesSent;
        await using var all = await RemoteParts.StartAsync(server, _folder.File("all"));
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 10), new ParallelOptions { MaxDegreeOfParallelism = 3, CancellationToken = Cancel },
            async (segment, _) => Assert.Equal(
                360, (await all.ReadAsync(server, segment * 360, (segment + 1) * 360, jobEnd: 3600)).Count));
        Assert.Equal(0, all.Repeats);
        Assert.InRange(server.BytesSent - before, size * 95 / 100, size);
    }

    [Fact]
    public async Task ConcurrentCalls_RequestEachBlockOnce()
    {
        await using var server = await ObjectServer.StartAsync(await ClipAsync(600));
        await using var remote = await RemoteParts.StartAsync(server, _folder.File("cache"));
        using var one = await remote.OpenAsync(server);
        using var other = await remote.OpenAsync(server);
        await Task.WhenAll(
            Enumerable.Range(0, 8).Select(call => (call % 2 == 0 ? one : other).Remote!.FetchAllAsync(Cancel)));
        Assert.Equal(1, server.MostOftenSent);
        Assert.Equal(new FileInfo(server.File).Length, server.BytesSent);
        Assert.True(one.Remote!.IsWhole, "Bytes are missing.");
        Assert.Equal(await File.ReadAllBytesAsync(server.File, Cancel), await File.ReadAllBytesAsync(one.Path, Cancel));
    }

    [Fact]
    public async Task TheCodingOfTheUpload_IsIgnored()
    {
        await using var server = await ObjectServer.StartAsync(await ClipAsync(30));
        server.Fault = (context, _) =>
        {
            context.Response.Headers.ContentEncoding = "aws-chunked";
            return Task.FromResult(false);
        };
        await using var remote = await RemoteParts.StartAsync(server, _folder.File("cache"));
        using var video = await remote.OpenAsync(server);
        await video.Remote!.FetchAllAsync(Cancel);
        Assert.Equal(
            await File.ReadAllBytesAsync(server.File, Cancel), await File.ReadAllBytesAsync(video.Path, Cancel));
    }

    [Fact]
    public async Task BrokenTransfers_AreResumed()
    {
        await using var server = await ObjectServer.StartAsync(await ClipAsync(600));
        server.AbortAfter = 100_000;
        server.Fault = (context, number) =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.FromResult(number % 3 == 1);
        };
        await using var remote = await RemoteParts.StartAsync(server, _folder.File("cache"));
        using var video = await remote.OpenAsync(server);
        await video.Remote!.FetchAllAsync(Cancel);
        Assert.Equal(
            await File.ReadAllBytesAsync(server.File, Cancel), await File.ReadAllBytesAsync(video.Path, Cancel));
    }

    [Theory]
    [InlineData(403, ErrorReason.SourceNotAllowed, 1)]
    [InlineData(404, ErrorReason.SourceNotFound, 1)]
    [InlineData(302, ErrorReason.SourceNotAllowed, 1)]
    [InlineData(200, ErrorReason.SourceUnavailable, 1)]
    [InlineData(500, ErrorReason.SourceUnavailable, 5)]
    public async Task AStatus_HasItsReason(int status, ErrorReason reason, int requests)
    {
        await using var server = await ObjectServer.StartAsync(await ClipAsync(10));
        server.Fault = (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "https://elsewhere.example.org/";
            return Task.FromResult(true);
        };
        await using var remote = await RemoteParts.StartAsync(server, _folder.File("cache"));
        var failure = await Assert.ThrowsAsync<ServiceException>(() => remote.ProbeAsync(server));
        Assert.Equal(reason, failure.Reason);
        Assert.Equal(requests, server.Requests);
        Assert.DoesNotContain("Signature", string.Join(' ', failure.Metadata.Values) + failure.Message);
        Assert.Equal(0, remote.Cache.UsedBytes);
    }

    [Fact]
    public async Task AnExpiredGrant_IsFollowedByANewOne()
    {
        await using var server = await ObjectServer.StartAsync(await ClipAsync(600));
        server.Fault = (context, number) =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.FromResult(number > 1 && context.Request.QueryString.Value!.EndsWith("=1"));
        };
        await using var remote = await RemoteParts.StartAsync(server, _folder.File("cache"));
        var failure = await Assert.ThrowsAsync<ServiceException>(() => remote.ReadAsync(server, 100, 200));
        Assert.Equal(ErrorReason.SourceNotAllowed, failure.Reason);
        using var video = await remote.OpenAsync(new VideoSource { Uri = server.Uri(2), CacheKey = "key" });
        await video.Remote!.FetchAllAsync(Cancel);
        Assert.True(video.Remote.IsWhole, "Bytes are missing.");
    }

    [Fact]
    public async Task AReplacedObject_IsRefusedAndThenReadAnew()
    {
        await using var server = await ObjectServer.StartAsync(await ClipAsync(600));
        await using var remote = await RemoteParts.StartAsync(server, _folder.File("cache"));
        using (var video = await remote.OpenAsync(server))
        {
            await remote.Parts.Probe.ReadAsync(video, Cancel);
            server.ETag = "\"2\"";
            var failure = await Assert.ThrowsAsync<ServiceException>(() => video.Remote!.FetchAllAsync(Cancel));
            Assert.Equal(ErrorReason.SourceUnavailable, failure.Reason);
        }

        using var again = await remote.OpenAsync(server);
        await again.Remote!.FetchAllAsync(Cancel);
        Assert.True(again.Remote.IsWhole, "Bytes are missing.");
    }

    [Fact]
    public async Task AnotherSize_IsRefused()
    {
        await using var server = await ObjectServer.StartAsync(await ClipAsync(10));
        await using var remote = await RemoteParts.StartAsync(server, _folder.File("cache"));
        using var video = await remote.OpenAsync(server, size: 1000);
        var failure = await Assert.ThrowsAsync<ServiceException>(() => video.Remote!.FetchAllAsync(Cancel));
        Assert.Equal(ErrorReason.VideoGone, failure.Reason);
    }

    [Fact]
    public async Task WithoutKeyAndSize_TheEntityTagIdentifiesTheVideo()
    {
        await using var server = await ObjectServer.StartAsync(await ClipAsync(10));
        await using var remote = await RemoteParts.StartAsync(server, _folder.File("cache"));
        using var one = await remote.OpenAsync(new VideoSource { Uri = server.Uri(1) });
        using var same = await remote.OpenAsync(new VideoSource { Uri = server.Uri(2) });
        server.ETag = "\"2\"";
        using var changed = await remote.OpenAsync(new VideoSource { Uri = server.Uri(2) });
        server.ETag = "";
        using var unknown = await remote.OpenAsync(new VideoSource { Uri = server.Uri(2) });
        using var alsoUnknown = await remote.OpenAsync(new VideoSource { Uri = server.Uri(2) });
        Assert.Equal(one.Path, same.Path);
        Assert.Equal(4, new[] { one.Path, changed.Path, unknown.Path, alsoUnknown.Path }.Distinct().Count());
    }

    [Fact]
    public async Task ATrustedAuthority_MakesHttpsWork()
    {
        using var certificates = new TestCertificates(_folder.Path);
        var (certificate, key) = certificates.Server();
        using var pem = X509Certificate2.CreateFromPemFile(certificate, key);
        using var loaded = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null);
        await using var server = await ObjectServer.StartAsync(await ClipAsync(10), loaded);
        var options = RemoteParts.OptionsFor(server.Host, _folder.File("trusting"));
        (options.AllowHttp, options.CertificateAuthorities) = (false, certificates.CaFile);
        await using (var trusting = await RemoteParts.StartAsync(options))
        {
            Assert.Equal(10, (await trusting.ProbeAsync(server)).FrameCount);
        }

        await using var other = await RemoteParts.StartAsync(server, _folder.File("other"));
        Assert.Equal(
            ErrorReason.SourceUnavailable,
            (await Assert.ThrowsAsync<ServiceException>(() => other.ProbeAsync(server))).Reason);
    }

    private Task<string> ClipAsync(int frames) => Clips.MakeAsync(
        _folder.File($"{frames}.mp4"),
        "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30,noise=alls=30:allf=t",
        "-frames:v", FormattableString.Invariant($"{frames}"), "-c:v", "libx264", "-preset", "ultrafast",
        "-qp", "24", "-g", "60", "-pix_fmt", "yuv420p", "-movflags", "+faststart");
}
