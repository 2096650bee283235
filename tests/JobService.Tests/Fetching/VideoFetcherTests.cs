using System.Diagnostics;
using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Fetching;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Fetching;

public sealed class VideoFetcherTests
{
    private static readonly byte[] Video = Enumerable.Range(0, 600_000).Select(index => (byte)(index * 31)).ToArray();

    [Fact]
    public async Task Fetch_WithContentLength_ReturnsTheVideo()
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(VideoServer.File(Video));

        Assert.Equal(Video, await harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4"));
        Assert.Equal([Video.Length], harness.Sink.Expected);
    }

    [Fact]
    public async Task Fetch_WithoutContentLength_ReturnsTheVideo()
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(async context =>
        {
            await context.Response.Body.WriteAsync(Video.AsMemory(0, 1000));
            await context.Response.Body.FlushAsync();
            await context.Response.Body.WriteAsync(Video.AsMemory(1000));
        });

        Assert.Equal(Video, await harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4"));
        Assert.Empty(harness.Sink.Expected);
    }

    [Fact]
    public async Task Fetch_Request_RevealsNothingAboutThisMachine()
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(VideoServer.First(
            context =>
            {
                context.Response.Headers.SetCookie = "session=1";
                context.Response.Redirect("/b.mp4");
                return Task.CompletedTask;
            },
            VideoServer.File(Video)));
        using var activity = new Activity("submit").SetIdFormat(ActivityIdFormat.W3C).Start();
        activity.AddBaggage("tenant", "a");

        await harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4");

        Assert.Equal(2, server.Requests.Count);
        Assert.All(server.Requests, head => Assert.Equal(
            ["Accept-Encoding", "Connection", "Host", "User-Agent"], head.Keys.Order(StringComparer.Ordinal)));
        Assert.All(server.Requests, head => Assert.Equal("identity", head.AcceptEncoding));
    }

    [Theory]
    [InlineData(404, ErrorReason.SourceNotFound)]
    [InlineData(410, ErrorReason.SourceNotFound)]
    [InlineData(401, ErrorReason.SourceNotAllowed)]
    [InlineData(403, ErrorReason.SourceNotAllowed)]
    [InlineData(400, ErrorReason.SourceUnavailable)]
    [InlineData(416, ErrorReason.SourceUnavailable)]
    [InlineData(429, ErrorReason.SourceUnavailable)]
    [InlineData(500, ErrorReason.SourceUnavailable)]
    [InlineData(503, ErrorReason.SourceUnavailable)]
    [InlineData(204, ErrorReason.SourceUnavailable)]
    [InlineData(206, ErrorReason.SourceUnavailable)]
    [InlineData(300, ErrorReason.SourceUnavailable)]
    [InlineData(304, ErrorReason.SourceUnavailable)]
    public async Task Fetch_OtherStatuses_HaveAReasonAndTheStatus(int status, ErrorReason reason)
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = "7";
            return Task.CompletedTask;
        });

        var failure = await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4?token=secret");

        Assert.Equal(reason, failure.Reason);
        Assert.Equal(status.ToString(CultureInfo.InvariantCulture), failure.Metadata["httpStatus"]);
        Assert.DoesNotContain("secret", failure.Metadata["value"], StringComparison.Ordinal);
        Assert.Equal(
            reason == ErrorReason.SourceUnavailable ? TimeSpan.FromSeconds(7) : null, failure.RetryAfter);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Fetch_CompressedResponse_IsRefused()
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            return context.Response.Body.WriteAsync(Video).AsTask();
        });

        Assert.Equal(
            ErrorReason.SourceUnavailable,
            (await harness.FailureAsync($"https://videos.example:{server.Port}/a.mp4")).Reason);
        Assert.Empty(harness.Sink.Bytes);
    }

    [Fact]
    public async Task Fetch_BeyondTheMaximum_IsTooManyCalls()
    {
        await using var harness = new FetchHarness(
            ("Sources:MaxConcurrentFetches", "1"), ("Sources:MaxFetchWait", "00:00:00"));
        var requested = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        await using var server = await harness.ServeAsync(async context =>
        {
            requested.SetResult();
            await answer.Task;
            await VideoServer.File(Video)(context);
        });
        var uri = $"https://videos.example:{server.Port}/a.mp4";
        var sink = new MemorySink();
        var first = harness.Fetcher.FetchAsync(harness.Fetcher.Locate(uri), "", sink, FetchHarness.Cancellation);
        await requested.Task;

        var failure = await harness.FailureAsync(uri);

        Assert.Equal(ErrorReason.TooManyCalls, failure.Reason);
        Assert.Equal(TimeSpan.FromSeconds(5), failure.RetryAfter);
        Assert.Equal("Sources:MaxConcurrentFetches", failure.Metadata["option"]);
        answer.SetResult();
        await first;
        Assert.Equal(Video, sink.Bytes);
    }

    [Fact]
    public async Task Fetch_OfATenantThatHasItsShare_IsRefusedWhileAnotherTenantFetches()
    {
        await using var harness = new FetchHarness(
            ("Sources:MaxConcurrentFetches", "2"), ("Sources:MaxFetchWait", "00:00:00"));
        var requested = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        await using var server = await harness.ServeAsync(VideoServer.First(
            async context =>
            {
                requested.SetResult();
                await answer.Task;
                await VideoServer.File(Video)(context);
            },
            VideoServer.File(Video)));
        var uri = $"https://videos.example:{server.Port}/a.mp4";
        var first = harness.FetchAsync(uri, tenant: "busy");
        await requested.Task;

        var failure = await Assert.ThrowsAsync<ServiceException>(() => harness.FetchAsync(uri, tenant: "busy"));

        Assert.Equal(
            (ErrorReason.TooManyCalls, "Tenants:MaxFetches", "1"),
            (failure.Reason, failure.Metadata["option"], failure.Metadata["limit"]));
        Assert.Equal(Video, await harness.FetchAsync(uri, tenant: "other"));
        answer.SetResult();
        await first;
    }

    [Fact]
    public async Task Fetch_CancelledByTheCaller_EndsTheConnection()
    {
        await using var harness = new FetchHarness();
        var ended = new TaskCompletionSource();
        using var caller = new CancellationTokenSource();
        await using var server = await harness.ServeAsync(async context =>
        {
            await context.Response.Body.WriteAsync(Video);
            await context.Response.Body.FlushAsync();
            context.RequestAborted.Register(ended.SetResult);
            await caller.CancelAsync();
            await ended.Task;
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => harness.FetchAsync($"https://videos.example:{server.Port}/a.mp4", caller.Token));
        await ended.Task.WaitAsync(TimeSpan.FromMinutes(1), FetchHarness.Cancellation);
    }

    [Fact]
    public void Locate_WithoutOptions_AllowsNothing()
    {
        var locations = new HttpsLocations(
            Microsoft.Extensions.Options.Options.Create(new SourcesOptions()));

        var failure = Assert.Throws<ServiceException>(
            () => locations.Require("https://videos.example/a.mp4"));

        Assert.Equal(ErrorReason.SourceNotAllowed, failure.Reason);
        Assert.Contains("Sources:AllowedHosts", failure.Message, StringComparison.Ordinal);
    }
}
