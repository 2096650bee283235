using ForegSyte.Hosting.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Fetching;

public sealed class S3Tests
{
    private const string AccessKey = "AKIAIOSFODNN7EXAMPLE";
    private const string Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    private static readonly byte[] Video = Enumerable.Range(0, 300_000).Select(index => (byte)(index * 7)).ToArray();

    /// <summary>The example of the Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters".
    /// </summary>
    [Fact]
    public void Signature_ExampleOfAmazonsReference_Matches() =>
        Assert.Equal(
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            SignatureV4.Of(
                "examplebucket.s3.amazonaws.com",
                "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host",
                Secret));

    [Theory]
    [InlineData("s3://videos/a.mp4", "/videos/a.mp4")]
    [InlineData("s3://videos//a.mp4", "/videos//a.mp4")]
    [InlineData("s3://videos///b//a.mp4", "/videos///b//a.mp4")]
    [InlineData("s3://videos/b/", "/videos/b/")]
    [InlineData("s3://videos/%252e%252e/a%2525.mp4", "/videos/%2e%2e/a%25.mp4")]
    [InlineData("s3://videos/...a/..b/c..%20.mp4", "/videos/...a/..b/c.. .mp4")]
    [InlineData("s3://videos/a%5Cb%3Fc%23d.mp4", "/videos/a\\b?c#d.mp4")]
    [InlineData("s3://videos/2026/b%20c/%C3%BC%2B%25~(1)!.mp4", null)]
    [InlineData("s3://videos/\u00FC\u4E2D/a=b&c,d;e@f:g$h'i*.mp4", null)]
    public async Task Fetch_ByPath_IsSignedAsTheServerChecks(string uri, string? path)
    {
        await using var harness = HarnessFor(pathStyle: true);
        var paths = new List<string>();
        await using var server = await ServeAsync(harness, context =>
        {
            paths.Add(context.Request.Path.Value ?? "");
            return VideoServer.File(Video)(context);
        });

        Assert.Equal(Video, await harness.FetchAsync(uri));
        Assert.Equal(path ?? paths.Single(), paths.Single());
    }

    [Fact]
    public async Task Fetch_ByHost_IsSignedAsTheServerChecks()
    {
        await using var harness = HarnessFor(pathStyle: false);
        harness.Names.With("videos.s3.cdn.example", "127.0.0.1");
        using var certificate = harness.Authority.Issue("videos.s3.cdn.example");
        await using var server = await VideoServer.StartAsync(certificate);
        server.Answer = SignatureV4.Required(AccessKey, Secret, VideoServer.File(Video));
        harness.Set("Sources:S3:Endpoint", $"https://s3.cdn.example:{server.Port}");

        Assert.Equal(Video, await harness.FetchAsync("s3://videos/a.mp4"));
    }

    [Theory]
    [InlineData("s3://videos//a.mp4", "//a.mp4")]
    [InlineData("s3://videos///b//a.mp4", "///b//a.mp4")]
    public async Task Fetch_ByHost_KeyWithSlashesFirst_IsTheNamedOne(string uri, string path)
    {
        await using var harness = HarnessFor(pathStyle: false);
        harness.Names.With("videos.s3.cdn.example", "127.0.0.1");
        using var certificate = harness.Authority.Issue("videos.s3.cdn.example");
        await using var server = await VideoServer.StartAsync(certificate);
        var paths = new List<string?>();
        server.Answer = SignatureV4.Required(AccessKey, Secret, context =>
        {
            paths.Add(context.Request.Path.Value);
            return VideoServer.File(Video)(context);
        });
        harness.Set("Sources:S3:Endpoint", $"https://s3.cdn.example:{server.Port}");

        Assert.Equal(Video, await harness.FetchAsync(uri));
        Assert.Equal([path], paths);
    }

    [Fact]
    public async Task Fetch_InterruptedTransfer_ResumesWithANewSignature()
    {
        await using var harness = HarnessFor(pathStyle: true);
        await using var server = await ServeAsync(
            harness, VideoServer.First(VideoServer.Break(Video, 100_000), VideoServer.File(Video)));

        Assert.Equal(Video, await harness.FetchAsync("s3://videos/a.mp4"));
        Assert.StartsWith("bytes=", server.Requests.Last().Range.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, harness.Sink.Restarts);
    }

    [Fact]
    public async Task Fetch_SessionToken_IsSent()
    {
        await using var harness = HarnessFor(pathStyle: true, token: "a/token+of==a session");
        var tokens = new List<string?>();
        await using var server = await ServeAsync(harness, context =>
        {
            tokens.Add(context.Request.Query["X-Amz-Security-Token"]);
            return VideoServer.File(Video)(context);
        });

        await harness.FetchAsync("s3://videos/a.mp4");

        Assert.Equal(["a/token+of==a session"], tokens);
    }

    [Fact]
    public async Task Fetch_ChangedKeys_AreUsedForTheNextVideo()
    {
        await using var harness = HarnessFor(pathStyle: true);
        WriteKeys(harness.Folder, AccessKey, "an old secret");
        await using var server = await ServeAsync(harness, VideoServer.File(Video));

        var failure = await harness.FailureAsync("s3://videos/a.mp4");
        WriteKeys(harness.Folder, AccessKey, Secret);

        Assert.Equal((ErrorReason.SourceNotAllowed, "403"), (failure.Reason, failure.Metadata["httpStatus"]));
        Assert.Equal(Video, await harness.FetchAsync("s3://videos/a.mp4"));
    }

    [Fact]
    public async Task Fetch_RedirectToAnotherRegion_IsNotFollowed()
    {
        await using var harness = HarnessFor(pathStyle: true);
        await using var server = await ServeAsync(harness, context =>
        {
            context.Response.Redirect("https://videos.example/a.mp4");
            return Task.CompletedTask;
        });

        Assert.Equal(ErrorReason.SourceUnavailable, (await harness.FailureAsync("s3://videos/a.mp4")).Reason);
    }

    [Fact]
    public async Task Fetch_EndpointWithAnAddressThatIsNotAllowed_IsNotAllowed()
    {
        await using var harness = HarnessFor(pathStyle: true);
        harness.Names.With("s3.cdn.example", "10.0.0.1");
        harness.Set("Sources:S3:Endpoint", "https://s3.cdn.example");

        Assert.Equal(ErrorReason.SourceNotAllowed, (await harness.FailureAsync("s3://videos/a.mp4")).Reason);
    }

    [Theory]
    [InlineData("s3://other/a.mp4", ErrorReason.SourceNotAllowed)]
    [InlineData("s3://VIDEOS/a.mp4", ErrorReason.SourceNotAllowed)]
    [InlineData("s3://videos@evil/a.mp4", ErrorReason.SourceNotAllowed)]
    [InlineData("s3://videos:443/a.mp4", ErrorReason.SourceNotAllowed)]
    [InlineData("s3:videos/a.mp4", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/", ErrorReason.UnsupportedUri)]
    [InlineData("s3:///a.mp4", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/a.mp4?versionId=1", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/a.mp4#x", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/../other/a.mp4", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/%2e%2e/other/a.mp4", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/..%2fother/a.mp4", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/./a.mp4", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/a%00.mp4", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/a%0d%0aHost:%20evil", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/a%c0%ae.mp4", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/a%2.mp4", ErrorReason.UnsupportedUri)]
    [InlineData("s3://videos/a\\b.mp4", ErrorReason.UnsupportedUri)]
    public async Task Locate_OtherUris_AreRefused(string uri, ErrorReason reason)
    {
        await using var harness = HarnessFor(pathStyle: true);
        harness.Set("Sources:S3:Endpoint", "https://s3.cdn.example");

        Assert.Equal(reason, Assert.Throws<ServiceException>(() => harness.Fetcher.Locate(uri)).Reason);
    }

    [Fact]
    public async Task Locate_LongKeys_AreUnsupported()
    {
        await using var harness = HarnessFor(pathStyle: true);
        harness.Set("Sources:S3:Endpoint", "https://s3.cdn.example");

        var failure = Assert.Throws<ServiceException>(
            () => harness.Fetcher.Locate("s3://videos/" + new string('a', 1025)));

        Assert.Equal(ErrorReason.UnsupportedUri, failure.Reason);
    }

    [Theory]
    [InlineData("Sources:S3:Endpoint", "http://s3.cdn.example")]
    [InlineData("Sources:S3:Endpoint", "https://key:secret@s3.cdn.example")]
    [InlineData("Sources:S3:Endpoint", "https://s3.cdn.example/path")]
    [InlineData("Sources:S3:Region", "eu west")]
    [InlineData("Sources:S3:CredentialsFile", "/no/such/file")]
    [InlineData("Sources:S3:Secret", "x")]
    [InlineData("Sources:Secret", "x")]
    [InlineData("Sources:AllowedHosts:0", "*")]
    [InlineData("Sources:AllowedNetworks:0", "127.0.0.1")]
    [InlineData("Sources:CertificateAuthorities", "authorities.pem")]
    public async Task Options_InvalidValues_FailTheStart(string key, string value)
    {
        await using var harness = HarnessFor(pathStyle: true);
        harness.Set("Sources:S3:Endpoint", "https://s3.cdn.example");
        harness.Set(key, value);

        var failure = Assert.ThrowsAny<Exception>(() => harness.Fetcher.Locate("s3://videos/a.mp4"));

        Assert.Contains(
            key.TrimEnd(':', '0').Split(':').Last(), Assert.IsType<OptionsValidationException>(failure).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_CredentialsThatOthersCanRead_IsRefused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        await using var harness = HarnessFor(pathStyle: true);
        harness.Set("Sources:S3:Endpoint", "https://s3.cdn.example");
        FileModes.Set(harness.Folder.File("credentials"), "644");

        var failure = Assert.Throws<OptionsValidationException>(() => harness.Fetcher.Locate("s3://videos/a.mp4"));

        Assert.Contains("Run chmod 600", failure.Message, StringComparison.Ordinal);
    }

    private static FetchHarness HarnessFor(bool pathStyle, string? token = null)
    {
        var harness = new FetchHarness();
        WriteKeys(harness.Folder, AccessKey, Secret, token);
        harness.Set("Sources:S3:Buckets:0", "videos");
        harness.Set("Sources:S3:Region", "eu-test-1");
        harness.Set("Sources:S3:PathStyle", pathStyle ? "true" : "false");
        harness.Set("Sources:S3:CredentialsFile", harness.Folder.File("credentials"));
        return harness;
    }

    private static async Task<VideoServer> ServeAsync(FetchHarness harness, RequestDelegate answer)
    {
        var server = await VideoServer.StartAsync(harness.Certificate);
        server.Answer = SignatureV4.Required(AccessKey, Secret, answer);
        harness.Set("Sources:S3:Endpoint", $"https://videos.example:{server.Port}");
        return server;
    }

    private static void WriteKeys(TemporaryFolder folder, string key, string secret, string? token = null) =>
        folder.WriteSecret(
            "credentials",
            $"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
            + (token is null ? "" : $"aws_session_token = {token}\n"));
}
