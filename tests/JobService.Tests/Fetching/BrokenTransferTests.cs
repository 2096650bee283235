using System.Text;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>Servers that break off, lie, drip, or say too much.</summary>
public sealed class BrokenTransferTests
{
    private static readonly byte[] Video = Enumerable.Range(0, 300_000).Select(index => (byte)(index * 31)).ToArray();

    [Fact]
    public async Task Fetch_BreakWithAVersion_GoesOnAfterTheLastByte()
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
    public async Task Fetch_VideoThatChangedAfterABreak_BeginsAgain()
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
    public async Task Fetch_BreakWithoutAStrongVersion_BeginsAgain(string? version)
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(VideoServer.First(
            VideoServer.Break(Video, 100_000, version), VideoServer.File(Video, version)));

        Assert.Equal(Video, await harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4"));
        Assert.All(server.Requests, head => Assert.Equal(0, head.Range.Count));
        Assert.Equal(1, harness.Sink.Restarts);
    }

    [Fact]
    public async Task Fetch_BreaksWithoutEnd_AreUnavailable()
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
    public async Task Fetch_ServerErrorAfterABreak_IsTriedAgain()
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
    public async Task Fetch_OtherRangeThanAskedFor_IsRefused(string range)
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
    public async Task Fetch_AnswerThatIsNoHttp_IsUnavailable(string answer)
    {
        await using var harness = new FetchHarness(("Sources:MaxResumes", "1"));
        await using var server = harness.ServeRaw((stream, token) => SendAsync(stream, answer, token));

        Assert.Equal(
            ErrorReason.SourceUnavailable,
            (await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4")).Reason);
    }

    [Fact]
    public async Task Fetch_HeadWithoutEnd_IsUnavailable()
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
        Assert.Contains("head of its answer is too large", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")]
    public async Task Fetch_Silence_IsUnavailable(string before)
    {
        await using var harness = new FetchHarness(
            ("Sources:IdleTimeout", "00:00:00.300"), ("Sources:MaxResumes", "0"));
        await using var server = harness.ServeRaw(async (stream, token) =>
        {
            await SendAsync(stream, before, token);
            await Task.Delay(Timeout.Infinite, token);
        });

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(ErrorReason.SourceUnavailable, failure.Reason);
        Assert.Contains("silent", failure.Message, StringComparison.Ordinal);
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

    [Fact]
    public async Task Fetch_DripOfBytes_EndsAtTheLimitOfTime()
    {
        await using var harness = new FetchHarness(("Sources:FetchTimeout", "00:00:00.500"));
        await using var server = harness.ServeRaw(async (stream, token) =>
        {
            await SendAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", token);
            while (true)
            {
                await SendAsync(stream, "x", token);
                await Task.Delay(TimeSpan.FromMilliseconds(10), token);
            }
        });

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(ErrorReason.DeadlineExceeded, failure.Reason);
        Assert.Equal("Sources:FetchTimeout", failure.Metadata["option"]);
        Assert.Equal("0.5", failure.Metadata["limit"]);
    }

    private static Task SendAsync(Stream stream, string text, CancellationToken cancellationToken) =>
        stream.WriteAsync(Encoding.ASCII.GetBytes(text), cancellationToken).AsTask();
}
