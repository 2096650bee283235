using System.Globalization;
using System.Text;
using System.Threading.Channels;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>
/// The time limits of a fetch. The servers are real, the clock stands still: a limit passes only when a test advances
/// the clock, and exactly then.
/// </summary>
public sealed class FetchTimeoutTests
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(30);
    private static readonly byte[] Video = Enumerable.Range(0, 300_000).Select(index => (byte)(index * 31)).ToArray();

    private readonly ObservedTimeProvider _time = new();

    [Theory]
    [InlineData("", 1)]
    [InlineData("HTTP/1.1 200 OK\r\n", 1)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort", 3)]
    public async Task IdleTimeout_SilentServer_EndsTheFetchThen(string before, int operation)
    {
        await using var harness = new FetchHarness(("Sources:MaxResumes", "0")) { Time = _time };
        await using var server = harness.ServeRaw(async (stream, token) =>
        {
            await SendAsync(stream, before, token);
            await Task.Delay(Timeout.Infinite, token);
        });
        var failure = harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");
        await _time.TimerStartedAsync(IdleTimeout, operation);

        AdvanceTo(IdleTimeout);

        var refused = await failure.WaitAsync(EndTimeout, FetchHarness.Cancellation);
        Assert.Equal(ErrorReason.SourceUnavailable, refused.Reason);
        Assert.Contains("it sent nothing for too long", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task IdleTimeout_ServerThatKeepsSending_StartsAgainWithEachRead()
    {
        await using var harness = new FetchHarness(("Sources:MinDataRate", "0")) { Time = _time };
        var texts = Channel.CreateUnbounded<string>();
        await using var server = ServeSlowly(harness, texts.Reader, contentLength: 3);
        var fetch = harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4");

        // The request, the read of "a", and the read that waits for "b"; then the read that waits for "c".
        await _time.TimerStartedAsync(IdleTimeout, 3);
        _time.Advance(IdleTimeout - Tick);
        texts.Writer.TryWrite("b");
        await _time.TimerStartedAsync(IdleTimeout, 4);
        _time.Advance(IdleTimeout - Tick);
        texts.Writer.TryWrite("c");

        Assert.Equal("abc"u8.ToArray(), await fetch.WaitAsync(EndTimeout, FetchHarness.Cancellation));
        Assert.Equal(0, _time.Fired);
    }

    /// <summary>A server that sends a byte just before it is silent for too long.</summary>
    [Fact]
    public async Task MinDataRate_ServerThatTrickles_IsRefusedAfterTheWindow()
    {
        await using var harness = new FetchHarness(("Sources:MinDataRate", "100")) { Time = _time };
        var texts = Channel.CreateUnbounded<string>();
        await using var server = ServeSlowly(harness, texts.Reader, contentLength: 1000);
        var failure = harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");
        await TrickleAsync(texts.Writer);

        var refused = await failure.WaitAsync(EndTimeout, FetchHarness.Cancellation);
        Assert.Equal(ErrorReason.SourceUnavailable, refused.Reason);
        Assert.Equal(("Sources:MinDataRate", "100"), (refused.Metadata["option"], refused.Metadata["limit"]));
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(99, false)]
    public void MinimumRate_AWindow_NeedsTheRateWhateverCameBefore(int bytes, bool expected)
    {
        var rate = new MinimumRate(bytesPerSecond: 10, TimeSpan.FromSeconds(10));
        Assert.True(rate.Add(1_000_000, TimeSpan.FromSeconds(10)), "A fast window is refused.");
        Assert.True(rate.Add(0, TimeSpan.FromSeconds(9)), "The rate applies before the window ends.");
        Assert.Equal(expected, rate.Add(bytes, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task FetchTimeout_ServerThatKeepsSending_EndsTheFetchThen()
    {
        await using var harness = new FetchHarness(
            ("Sources:FetchTimeout", "00:00:50"), ("Sources:MinDataRate", "0"))
        { Time = _time };
        var texts = Channel.CreateUnbounded<string>();
        await using var server = ServeSlowly(harness, texts.Reader, contentLength: 1000);
        var failure = harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");
        await TrickleAsync(texts.Writer);
        await _time.TimerStartedAsync(IdleTimeout, 5);

        AdvanceTo(TimeSpan.FromSeconds(10));

        var refused = await failure.WaitAsync(EndTimeout, FetchHarness.Cancellation);
        Assert.Equal(ErrorReason.DeadlineExceeded, refused.Reason);
        Assert.Equal("Sources:FetchTimeout", refused.Metadata["option"]);
        Assert.Equal("50s", refused.Metadata["limit"]);
    }

    [Fact]
    public async Task FetchTimeout_CoversAllResumes()
    {
        await using var harness = new FetchHarness(
            ("Sources:FetchTimeout", "00:00:50"), ("Sources:ResumeDelay", "00:00:45"))
        { Time = _time };
        await using var server = await harness.ServeAsync(VideoServer.Break(Video, 1000));
        var failure = harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");
        await _time.TimerStartedAsync(TimeSpan.FromSeconds(45));
        _time.Advance(TimeSpan.FromSeconds(45));
        await _time.TimerStartedAsync(TimeSpan.FromSeconds(45), 2);

        _time.Advance(TimeSpan.FromSeconds(5));

        var refused = await failure.WaitAsync(EndTimeout, FetchHarness.Cancellation);
        Assert.Equal(ErrorReason.DeadlineExceeded, refused.Reason);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task ResumeDelay_InterruptedTransfer_ResumesThen()
    {
        await using var harness = new FetchHarness(("Sources:ResumeDelay", "00:00:07")) { Time = _time };
        await using var server = await harness.ServeAsync(VideoServer.First(
            VideoServer.Break(Video, 100_000), VideoServer.File(Video)));
        var fetch = harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4");
        await _time.TimerStartedAsync(TimeSpan.FromSeconds(7));
        Assert.Single(server.Requests);

        AdvanceTo(TimeSpan.FromSeconds(7));

        Assert.Equal(Video, await fetch.WaitAsync(EndTimeout, FetchHarness.Cancellation));
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task MaxFetchWait_AllSlotsTaken_RefusesThenUnlessOneIsReturned(bool isReturned)
    {
        await using var harness = new FetchHarness(("Sources:MaxConcurrentFetches", "1")) { Time = _time };
        var requested = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await harness.ServeAsync(VideoServer.First(
            async context =>
            {
                requested.SetResult();
                await answer.Task;
                await VideoServer.File(Video)(context);
            },
            VideoServer.File(Video)));
        var uri = $"https://videos.example:{server.Port}/a.mp4";
        var first = harness.Fetcher.FetchAsync(
            harness.Fetcher.Locate(uri), "", new MemorySink(), FetchHarness.Cancellation);
        await requested.Task.WaitAsync(EndTimeout, FetchHarness.Cancellation);
        var second = harness.FetchAsync(uri);
        await _time.TimerStartedAsync(TimeSpan.FromSeconds(10));

        if (isReturned)
        {
            _time.Advance(TimeSpan.FromSeconds(10) - Tick);
            answer.SetResult();
            Assert.Equal(Video, await second.WaitAsync(EndTimeout, FetchHarness.Cancellation));
        }
        else
        {
            AdvanceTo(TimeSpan.FromSeconds(10));
            var refused = await Assert.ThrowsAsync<ServiceException>(
                () => second.WaitAsync(EndTimeout, FetchHarness.Cancellation));
            Assert.Equal(ErrorReason.TooManyCalls, refused.Reason);
            answer.SetResult();
        }

        await first.WaitAsync(EndTimeout, FetchHarness.Cancellation);
    }

    [Fact]
    public async Task RetryAfter_Date_IsTheTimeUntilThen()
    {
        await using var harness = new FetchHarness { Time = _time };
        await using var server = await harness.ServeAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter =
                _time.GetUtcNow().AddSeconds(7).ToString("R", CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        });

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(TimeSpan.FromSeconds(7), failure.RetryAfter);
    }

    /// <summary>Serves "a", then each text that the test releases.</summary>
    private static RawServer ServeSlowly(FetchHarness harness, ChannelReader<string> texts, int contentLength) =>
        harness.ServeRaw(async (stream, token) =>
        {
            await SendAsync(stream, $"HTTP/1.1 200 OK\r\nContent-Length: {contentLength}\r\n\r\na", token);
            await foreach (var text in texts.ReadAllAsync(token))
            {
                await SendAsync(stream, text, token);
            }
        });

    private static Task SendAsync(Stream stream, string text, CancellationToken cancellationToken) =>
        stream.WriteAsync(Encoding.ASCII.GetBytes(text), cancellationToken).AsTask();

    /// <summary>The server sends two bytes more, each 20 s after the one before.</summary>
    private async Task TrickleAsync(ChannelWriter<string> texts)
    {
        await _time.TimerStartedAsync(IdleTimeout, 3);
        _time.Advance(TimeSpan.FromSeconds(20));
        texts.TryWrite("b");
        await _time.TimerStartedAsync(IdleTimeout, 4);
        _time.Advance(TimeSpan.FromSeconds(20));
        texts.TryWrite("c");
    }

    /// <summary>Advances the clock to a limit and checks that no timer fires before it.</summary>
    private void AdvanceTo(TimeSpan limit)
    {
        _time.Advance(limit - Tick);
        Assert.Equal(0, _time.Fired);
        _time.Advance(Tick);
        Assert.Equal(1, _time.Fired);
    }
}
