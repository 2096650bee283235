using System.Net;
using ForegSyte.Hosting.Listening;
using ForegSyte.Testing;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Extensions.Options;

namespace ForegSyte.Web.Tests;

/// <summary>Answers of the web page to programs and to other sites.</summary>
[Collection(OpenCollection.Name)]
public sealed class HeadersTests(OpenServices web)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/web/jobs", HttpStatusCode.OK)]
    [InlineData("/web/jobs/1", HttpStatusCode.OK)]
    [InlineData("/web/nothing", HttpStatusCode.NotFound)]
    [InlineData("/web/assets/js/api.js", HttpStatusCode.OK)]
    [InlineData("/web/assets/js/nothing.js", HttpStatusCode.NotFound)]
    public async Task EveryAnswer_HasThePolicy(string path, HttpStatusCode status)
    {
        using var client = new HttpClient { BaseAddress = web.Services.HttpAddress };
        using var answer = await client.GetAsync(path, Token);

        Assert.Equal(status, answer.StatusCode);
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal(["nosniff"], answer.Headers.GetValues("X-Content-Type-Options"));
    }

    [Fact]
    public async Task Root_LeadsToTheJobs()
    {
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { BaseAddress = web.Services.HttpAddress };
        using var answer = await client.GetAsync("/", Token);

        Assert.Equal("/web/jobs", answer.Headers.Location?.ToString());
    }

    /// <summary>A page of another site that made its own name lead to the loopback (DNS rebinding).</summary>
    [Fact]
    public async Task Page_UnderAForeignName_IsRefused()
    {
        using var client = new HttpClient { BaseAddress = web.Services.HttpAddress };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/web/jobs");
        request.Headers.Host = "evil.example";
        using var answer = await client.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task Assets_AreCompressed_AndAskedAgainCheaply()
    {
        using var client = new HttpClient { BaseAddress = web.Services.HttpAddress };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/web/assets/css/base.css");
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using var first = await client.SendAsync(request, Token);
        using var again = new HttpRequestMessage(HttpMethod.Get, "/web/assets/css/base.css");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await client.SendAsync(again, Token);

        Assert.Equal(["gzip"], first.Content.Headers.ContentEncoding);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public async Task Start_WithoutAPortForHttp_IsRefused()
    {
        await using var services = new Installation(new Dictionary<string, string> { ["Web:Enabled"] = "true" });

        var failure = await Assert.ThrowsAsync<ServiceStartException>(() => services.StartJobServiceAsync());

        Assert.Contains(
            "Web:Enabled needs the port for HTTP: set Listen:HttpPort", failure.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithAFolderOfKeysThatCannotBeWritten_IsRefused()
    {
        await using var services = new Installation(WebSettings.With(("Web:KeysFolder", "/dev/null/keys")));

        var failure = await Assert.ThrowsAsync<ServiceStartException>(() => services.StartJobServiceAsync());

        Assert.Contains(
            "JobService failed: The keys of the web page cannot be written to /dev/null/keys", failure.Output,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/srv/shared/keys", true)]
    [InlineData("keys", false)]
    [InlineData(null, true)]
    public void KeysFolder_MustBeAnAbsolutePath(string? folder, bool isValid)
    {
        var check = new WebOptionsCheck(Options.Create(new ListenerOptions { HttpPort = 5202 }));

        Assert.Equal(isValid, check.Validate(null, new WebOptions { Enabled = true, KeysFolder = folder }).Succeeded);
    }

    [Fact]
    public void KeysOfCookies_AreForTheServiceAlone()
    {
        var folder = Path.Combine(web.Services.Data, "web_keys");

        Assert.Equal(FileModes.Parse("0700"), FileModes.Of(folder));
    }
}
