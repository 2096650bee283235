using System.Net;
using System.Net.Sockets;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>The addresses to which a fetch connects.</summary>
public sealed class ConnectionTests
{
    private static readonly byte[] Video = new byte[5000];

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("127.0.0.2")]
    [InlineData("169.254.169.254")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.2")]
    [InlineData("64:ff9b::7f00:2")]
    [InlineData("fd00::1")]
    public async Task Fetch_NameWithAPrivateAddress_IsNotAllowed(string address)
    {
        await using var harness = new FetchHarness();
        harness.Names.With("videos.example", address);

        var failure = await harness.FailureAsync("https://videos.example/a.mp4");

        Assert.Equal(ErrorReason.SourceNotAllowed, failure.Reason);
        Assert.DoesNotContain(
            address, failure.Message + string.Join(' ', failure.Metadata.Values), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_NameWithOnePrivateAddressAmongOthers_IsNotAllowed()
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(VideoServer.File(Video));
        harness.Names.With("videos.example", "127.0.0.1", "10.0.0.1");

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(ErrorReason.SourceNotAllowed, failure.Reason);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Fetch_NameThatResolvesDifferentlyTheSecondTime_IsCheckedAgain()
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(context =>
        {
            context.Response.Redirect("/b.mp4");
            return Task.CompletedTask;
        });
        using var victim = new TcpListener(IPAddress.Parse("127.0.0.2"), server.Port);
        victim.Start();
        harness.Names.With("videos.example", call => [call == 0 ? "127.0.0.1" : "127.0.0.2"]);

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(ErrorReason.SourceNotAllowed, failure.Reason);
        Assert.Single(server.Requests);
        Assert.False(victim.Pending(), "The fetch connected to the second address.");
    }

    [Fact]
    public async Task Fetch_OneConnection_ResolvesTheNameOnce()
    {
        // A second resolution, between check and connection, would return the address of the victim.
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(VideoServer.File(Video));
        harness.Names.With("videos.example", call => [call == 0 ? "127.0.0.1" : "127.0.0.2"]);

        Assert.Equal(Video, await harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4"));
    }

    [Fact]
    public async Task Fetch_FirstAddressRefuses_ConnectsToTheNext()
    {
        await using var harness = new FetchHarness(("Sources:AllowedNetworks:1", "127.0.0.2/32"));
        await using var server = await harness.ServeAsync(VideoServer.File(Video));
        harness.Names.With("videos.example", "127.0.0.2", "127.0.0.1");

        Assert.Equal(Video, await harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4"));
    }

    [Fact]
    public async Task Fetch_RedirectToAnAllowedHost_IsFollowed()
    {
        await using var harness = new FetchHarness();
        await using var second = await harness.ServeAsync(VideoServer.File(Video));
        await using var first = await harness.ServeAsync(context =>
        {
            context.Response.Redirect($"https://a.cdn.example:{second.Port}/b.mp4");
            return Task.CompletedTask;
        });

        Assert.Equal(Video, await harness.FetchAsync($"https://videos.example:{first.Port}/a.mp4"));
    }

    [Theory]
    [InlineData("http://videos.example:{0}/b.mp4")]
    [InlineData("https://other.example:{0}/b.mp4")]
    [InlineData("https://127.0.0.2:{0}/b.mp4")]
    [InlineData("https://169.254.169.254/latest/meta-data/")]
    [InlineData("https://[::1]:{0}/b.mp4")]
    [InlineData("https://user:password@videos.example:{0}/b.mp4")]
    [InlineData("https://videos.example:1/b.mp4")]
    [InlineData("file:///etc/passwd")]
    [InlineData("")]
    public async Task Fetch_RedirectToElsewhere_IsNotAllowed(string location)
    {
        await using var harness = new FetchHarness();
        var port = 0;
        await using var server = await harness.ServeAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status302Found;
            context.Response.Headers.Location = location.Replace("{0}", $"{port}", StringComparison.Ordinal);
            return Task.CompletedTask;
        });
        port = server.Port;

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(ErrorReason.SourceNotAllowed, failure.Reason);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Fetch_RedirectToAnAllowedNameWithAPrivateAddress_IsNotAllowed()
    {
        await using var harness = new FetchHarness();
        var port = 0;
        await using var server = await harness.ServeAsync(context =>
        {
            context.Response.Redirect($"https://inside.cdn.example:{port}/b.mp4");
            return Task.CompletedTask;
        });
        port = server.Port;
        harness.Names.With("inside.cdn.example", "10.0.0.1");

        Assert.Equal(
            ErrorReason.SourceNotAllowed,
            (await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4")).Reason);
    }

    [Fact]
    public async Task Fetch_RedirectsInACircle_EndAtTheLimit()
    {
        await using var harness = new FetchHarness(("Sources:MaxRedirects", "3"));
        await using var server = await harness.ServeAsync(context =>
        {
            context.Response.Redirect(context.Request.Path == "/a" ? "/b" : "/a", false, true);
            return Task.CompletedTask;
        });

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a");

        Assert.Equal(ErrorReason.SourceUnavailable, failure.Reason);
        Assert.Equal("Sources:MaxRedirects", failure.Metadata["option"]);
        Assert.Equal(4, server.Requests.Count);
    }

    [Fact]
    public async Task Fetch_UnknownName_IsUnavailable()
    {
        await using var harness = new FetchHarness();

        var failure = await harness.FailureAsync("https://unknown.cdn.example/a.mp4");

        Assert.Equal(ErrorReason.SourceUnavailable, failure.Reason);
        Assert.Contains("its name is unknown", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_ClosedPort_IsUnavailable()
    {
        await using var harness = new FetchHarness();
        int port;
        await using (var server = await harness.ServeAsync(VideoServer.File(Video)))
        {
            port = server.Port;
        }

        Assert.Equal(
            ErrorReason.SourceUnavailable, (await harness.FailureAsync($"https://videos.example:{port}/")).Reason);
    }

    [Fact]
    public async Task Fetch_CertificateOfAnotherName_IsUnavailable()
    {
        await using var harness = new FetchHarness();
        using var certificate = harness.Authority.Issue("other.example");
        await using var server = await VideoServer.StartAsync(certificate);
        harness.Allow(server.Port);

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(ErrorReason.SourceUnavailable, failure.Reason);
        Assert.Contains("certificate", failure.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Fetch_CertificateOfAnUnknownAuthority_IsUnavailable()
    {
        await using var harness = new FetchHarness();
        using var stranger = new TestAuthority();
        using var certificate = stranger.Issue("videos.example");
        await using var server = await VideoServer.StartAsync(certificate);
        harness.Allow(server.Port);

        Assert.Equal(
            ErrorReason.SourceUnavailable,
            (await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4")).Reason);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Fetch_CertificateWithAnIssuerAddress_DownloadsNothing()
    {
        await using var harness = new FetchHarness();
        await using var victim = new RawServer(null, (_, _) => Task.CompletedTask);
        using var certificate = harness.Authority.IssueThroughMissing(
            $"http://127.0.0.1:{victim.Port}/issuer.crt", "videos.example");
        await using var server = harness.ServeRaw((_, _) => Task.CompletedTask, certificate);

        Assert.Equal(
            ErrorReason.SourceUnavailable,
            (await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4")).Reason);
        Assert.Equal(0, victim.Connections);
    }
}
