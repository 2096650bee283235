using System.Text;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>Servers that interrupt transfers or violate HTTP.</summary>
public sealed class BrokenTransferTests
{
    private static readonly byte[] Video = Enumerable.Range(0, 300_000).Select(index => (byte)(index * 31)).ToArray();

    [Fact]
    public async Task Fetch_InterruptionWithAStrongETag_ResumesAfterTheLastByte()
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(VideoServer.First(
            VideoServer.Break(Video, 100_000), VideoServer.File(Video)));

        Assert.Equal(Video, await harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4"));
        var second = server.Requests.Last();
        Assert.Matches(@"^bytes=[1-9]\d{4,5}-$", second.Range.ToString());
        Assert.Equal("\"v1\"", second.IfRange);
        Assert.Equal(0, harness.Sink.Restarts);
    }

    [Fact]
    public async Task Fetch_VideoChangedAfterAnInterruption_StartsAgain()
    {
        var other = Video.Reverse().ToArray();
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(VideoServer.First(
            VideoServer.Break(Video, 100_000), VideoServer.File(other, "\"v2\"")));

        Assert.Equal(other, await harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4"));
        Assert.Equal(1, harness.Sink.Restarts);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("W/\"weak\"")]
    public async Task Fetch_InterruptionWithoutAStrongETag_StartsAgain(string? version)
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(VideoServer.First(
            VideoServer.Break(Video, 100_000, version), VideoServer.File(Video, version)));

        Assert.Equal(Video, await harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4"));
        Assert.All(server.Requests, head => Assert.Equal(0, head.Range.Count));
        Assert.Equal(1, harness.Sink.Restarts);
    }

    [Fact]
    public async Task Fetch_RepeatedInterruptions_AreUnavailable()
    {
        await using var harness = new FetchHarness(("Sources:MaxResumes", "3"));
        await using var server = await harness.ServeAsync(VideoServer.Break(Video, 100_000, null));

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(ErrorReason.SourceUnavailable, failure.Reason);
        Assert.Equal("3", failure.Metadata["resumes"]);
        Assert.Equal("300000", failure.Metadata["totalBytes"]);
        Assert.Equal(4, server.Requests.Count);
    }

    [Fact]
    public async Task Fetch_ServerErrorAfterAnInterruption_IsRetried()
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(VideoServer.First(
            VideoServer.Break(Video, 100_000),
            VideoServer.First(
                context =>
                {
                    context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                    return Task.CompletedTask;
                },
                VideoServer.File(Video))));

        Assert.Equal(Video, await harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4"));
        Assert.Equal(3, server.Requests.Count);
    }

    [Theory]
    [InlineData("bytes 0-299999/300000")]
    [InlineData("bytes 5-299999/300000")]
    [InlineData("bytes {0}-299998/300000")]
    [InlineData("bytes {0}-299999/*")]
    [InlineData("bytes {0}-399999/400000")]
    [InlineData("pages {0}-299999/300000")]
    [InlineData("")]
    public async Task Fetch_OtherRangeThanRequested_IsRefused(string range)
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(VideoServer.First(
            VideoServer.Break(Video, 100_000),
            async context =>
            {
                var asked = context.Request.Headers.Range.ToString()["bytes=".Length..].TrimEnd('-');
                context.Response.StatusCode = StatusCodes.Status206PartialContent;
                context.Response.Headers.ContentRange = range.Replace("{0}", asked, StringComparison.Ordinal);
                await context.Response.Body.WriteAsync(Video.AsMemory(0, 1000));
            }));

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(ErrorReason.SourceUnavailable, failure.Reason);
    }

    [Fact]
    public async Task Fetch_LengthThatIsTooLong_IsUnavailable()
    {
        await using var harness = new FetchHarness(("Sources:MaxResumes", "1"));
        await using var server = harness.ServeRaw(
            (stream, token) => SendAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort", token));

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(ErrorReason.SourceUnavailable, failure.Reason);
        Assert.Equal(("5", "1000"), (failure.Metadata["receivedBytes"], failure.Metadata["totalBytes"]));
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task Fetch_LengthThatIsTooShort_EndsThere()
    {
        await using var harness = new FetchHarness();
        await using var server = harness.ServeRaw(
            (stream, token) => SendAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nlonger", token));

        Assert.Equal("lon"u8.ToArray(), await harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4"));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("")]
    public async Task Fetch_ResponseThatIsNotHttp_IsUnavailable(string answer)
    {
        await using var harness = new FetchHarness(("Sources:MaxResumes", "1"));
        await using var server = harness.ServeRaw((stream, token) => SendAsync(stream, answer, token));

        Assert.Equal(
            ErrorReason.SourceUnavailable,
            (await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4")).Reason);
    }

    [Fact]
    public async Task Fetch_EndlessHead_IsUnavailable()
    {
        await using var harness = new FetchHarness(("Sources:MaxHeaderKibibytes", "4"));
        await using var server = harness.ServeRaw(async (stream, token) =>
        {
            await SendAsync(stream, "HTTP/1.1 200 OK\r\n", token);
            while (true)
            {
                await SendAsync(stream, $"X-Filler: {new string('x', 900)}\r\n", token);
            }
        });

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(ErrorReason.SourceUnavailable, failure.Reason);
        Assert.Contains("head of its response is too large", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_SilenceInsteadOfTls_IsUnavailable()
    {
        await using var harness = new FetchHarness(("Sources:ConnectTimeout", "00:00:00.300"));
        await using var server = new RawServer(null, (_, token) => Task.Delay(Timeout.Infinite, token));
        harness.Allow(server.Port);

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(ErrorReason.SourceUnavailable, failure.Reason);
    }

    private static Task SendAsync(Stream stream, string text, CancellationToken cancellationToken) =>
        stream.WriteAsync(Encoding.ASCII.GetBytes(text), cancellationToken).AsTask();
}
