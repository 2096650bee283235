using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Tests.Http;

/// <summary>Which pages can call from a browser.</summary>
public sealed class BrowserTests
{
    private const string Console = "https://console.example.org";
    private static readonly (string, string) HttpPort = ("Listen:HttpPort", "0");
    private static readonly (string, string) Allowed = ("Http:AllowedOrigins:0", Console);

    [Fact]
    public async Task Page_OfAnAllowedOrigin_CanCallAndReadTheResponse()
    {
        await using var server = await TestServer.StartAsync(HttpPort, Allowed);
        using var caller = new HttpCaller(server.HttpAddress);

        var preflight = await PreflightAsync(caller, Console);
        var response = await caller.GetAsync("/v1/jobs", ("Origin", Console));
        var error = await caller.GetAsync("/v1/jobs?page_size=-1", ("Origin", Console));

        Assert.Equal(204, preflight.Status);
        Assert.Equal(Console, preflight.Headers["Access-Control-Allow-Origin"]);
        Assert.Equal("GET,HEAD,POST,PUT,PATCH,DELETE", preflight.Headers["Access-Control-Allow-Methods"]);
        Assert.Equal(
            "Authorization,Content-Type,Range,If-Range,If-None-Match,x-api-key,grpc-timeout",
            preflight.Headers["Access-Control-Allow-Headers"]);
        response.Read<ListJobsResponse>();
        Assert.Equal(Console, response.Headers["Access-Control-Allow-Origin"]);
        Assert.Equal(
            "Retry-After,Accept-Ranges,Content-Range,Content-Disposition,ETag",
            response.Headers["Access-Control-Expose-Headers"]);
        Assert.DoesNotContain("Access-Control-Allow-Credentials", response.Headers.Keys);
        Assert.Equal(ErrorReason.InvalidField, error.ReadError().Reason);
        Assert.Equal(Console, error.Headers["Access-Control-Allow-Origin"]);
    }

    [Theory]
    [InlineData("https://evil.example.org")]
    [InlineData("http://console.example.org")]
    [InlineData("https://console.example.org:8443")]
    [InlineData("null")]
    public async Task Page_OfAnotherOrigin_IsRefusedAndChangesNothing(string origin)
    {
        await using var server = await TestServer.StartAsync(HttpPort, Allowed);
        using var caller = new HttpCaller(server.HttpAddress);

        var preflight = await PreflightAsync(caller, origin);

        // A page can send this without a preflight: it has no body.
        var cancel = await caller.SendAsync("POST", "/v1/jobs/a:cancel", content: null, ("Origin", origin));

        Assert.DoesNotContain("Access-Control-Allow-Origin", preflight.Headers.Keys);
        var refusal = cancel.ReadError();
        Assert.Equal((ErrorReason.PermissionDenied, origin), (refusal.Reason, refusal.Info.Metadata["origin"]));
        Assert.DoesNotContain("Access-Control-Allow-Origin", cancel.Headers.Keys);
        Assert.False(server.JobService.IsCancelled("a"), "The refused call reached its handler.");
    }

    [Fact]
    public async Task Page_OfTheServiceItself_CanCall()
    {
        await using var server = await TestServer.StartAsync(HttpPort);
        using var caller = new HttpCaller(server.HttpAddress);

        var response = await caller.GetAsync(
            "/v1/jobs", ("Origin", server.HttpAddress.GetLeftPart(UriPartial.Authority)));

        response.Read<ListJobsResponse>();
    }

    [Fact]
    public async Task Host_OtherThanLoopback_IsRefusedWithoutAuthentication()
    {
        await using var server = await TestServer.StartAsync(HttpPort);
        using var caller = new HttpCaller(server.HttpAddress);

        var rebound = await caller.GetAsync("/v1/jobs", ("Host", "evil.example.org"));

        Assert.Equal(ErrorReason.PermissionDenied, rebound.ReadError().Reason);
        (await caller.GetAsync("/v1/jobs", ("Host", "localhost:80"))).Read<ListJobsResponse>();
        (await caller.GetAsync("/v1/jobs", ("Host", "[::1]:80"))).Read<ListJobsResponse>();
    }

    [Fact]
    public async Task Host_OfAForeignPage_IsRefusedWithAllowAnonymous()
    {
        await using var server = await TestServer.StartAsync(
            HttpPort, ("Security:AllowAnonymous", "true"), ("Http:AllowedHosts:0", "foregsyte.example.org"));
        using var caller = new HttpCaller(server.HttpAddress);

        // The page has the origin of the name that it was loaded from, which now leads here.
        foreach (var name in new[] { "evil.example.org", "evil.foregsyte.example.org", "foregsyte.example.org.evil" })
        {
            var rebound = await caller.SendAsync(
                "POST", "/v1/jobs/a:cancel", content: null, ("Host", name), ("Origin", $"http://{name}"));
            var refusal = rebound.ReadError();
            Assert.Equal((ErrorReason.PermissionDenied, name), (refusal.Reason, refusal.Info.Metadata["host"]));
        }

        Assert.False(server.JobService.IsCancelled("a"), "The refused call reached its handler.");
        foreach (var own in new[] { "localhost", "192.0.2.7:5200", "[2001:db8::1]", "FOREGSYTE.example.org:5200" })
        {
            (await caller.GetAsync("/v1/jobs", ("Host", own))).Read<ListJobsResponse>();
        }
    }

    [Theory]
    [InlineData("*")]
    [InlineData("https://foregsyte.example.org")]
    [InlineData("foregsyte.example.org:5200")]
    [InlineData("")]
    public async Task Start_InvalidHost_IsRefused(string host)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(
            () => TestServer.StartAsync(HttpPort, ("Http:AllowedHosts:0", host)));

        Assert.Contains("Http:AllowedHosts must be host names", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_OtherThanLoopback_IsAcceptedWithAuthentication()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await TestServer.StartAsync([.. setup.Settings, HttpPort]);
        using var caller = new HttpCaller(server.HttpAddress, setup.Callers["read"]);

        (await caller.GetAsync("/v1/jobs", ("Host", "foregsyte.example.org"))).Read<ListJobsResponse>();
    }

    [Theory]
    [InlineData("*")]
    [InlineData("console.example.org")]
    [InlineData("https://console.example.org/")]
    [InlineData("https://console.example.org/page")]
    [InlineData("ftp://console.example.org")]
    public async Task Start_InvalidOrigin_IsRefused(string origin)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(
            () => TestServer.StartAsync(HttpPort, ("Http:AllowedOrigins:0", origin)));

        Assert.Contains("Http:AllowedOrigins must be origins", failure.Message, StringComparison.Ordinal);
    }

    private static Task<HttpReply> PreflightAsync(HttpCaller caller, string origin) => caller.SendAsync(
        "OPTIONS", "/v1/jobs", content: null, ("Origin", origin), ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type,x-api-key"));
}
