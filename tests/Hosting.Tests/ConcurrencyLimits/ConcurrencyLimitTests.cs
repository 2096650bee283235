using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using HealthClient = Grpc.Health.V1.Health.HealthClient;

namespace ForegSyte.Hosting.Tests.ConcurrencyLimits;

/// <summary>How many concurrent calls the host accepts, and that every call releases its slot.</summary>
public sealed class ConcurrencyLimitTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Reaches(ErrorReason.TooManyCalls)]
    public async Task LongPoll_OverTheLimit_IsRefusedAndOtherCallsAreServed()
    {
        await using var server = await TestServer.StartAsync(
            ("Calls:MaxWaiting", "2"), ("Calls:BusyRetryDelay", "00:00:03"));
        using var first = Wait(server);
        using var second = Wait(server);
        await server.WaitForLongPollsAsync(2);

        using var third = Wait(server);
        var refusal = await Refusal.OfAsync(third);

        Assert.Equal(
            (ErrorReason.TooManyCalls, "Calls:MaxWaiting", "2"),
            (refusal.Reason, refusal.Info.Metadata["option"], refusal.Info.Metadata["limit"]));
        Assert.Equal(3, refusal.Status.GetDetail<RetryInfo>().RetryDelay.Seconds);
        await server.Jobs.ListJobsAsync(new(), cancellationToken: Cancellation);

        // The next long poll takes a released slot.
        await server.Jobs.CancelJobAsync(new() { JobId = "a" }, cancellationToken: Cancellation);
        Assert.Equal(JobStatus.Cancelled, (await first).Job.Status);
        Assert.Equal(JobStatus.Cancelled, (await second).Job.Status);
        Assert.Equal(JobStatus.Cancelled, (await Wait(server)).Job.Status);
    }

    [Fact]
    public async Task HealthCheck_EveryLimitReached_IsServed()
    {
        await using var server = await TestServer.StartAsync(("Calls:MaxRunning", "1"), ("Calls:MaxStreaming", "1"));
        var (blocked, release) = BlockSubmit(server);
        using var running = server.Jobs.SubmitVideoAsync(new(), cancellationToken: Cancellation);
        await blocked;
        var health = new HealthClient(server.Channel);
        using var watch = health.Watch(new(), cancellationToken: Cancellation);
        await NextAsync(watch.ResponseStream);

        using var refusedWatch = health.Watch(new(), cancellationToken: Cancellation);
        var failure = await Assert.ThrowsAsync<RpcException>(() => refusedWatch.ResponseStream.MoveNext(Cancellation));
        Assert.Equal("Calls:MaxStreaming", Refusal.Read(failure).Info.Metadata["option"]);
        var refused = await Refusal.OfAsync(server.Jobs.ListJobsAsync(new(), cancellationToken: Cancellation));
        Assert.Equal("Calls:MaxRunning", refused.Info.Metadata["option"]);

        var response = await health.CheckAsync(new(), cancellationToken: Cancellation);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, response.Status);
        release.SetResult();
        await running;
    }

    [Theory]
    [InlineData("returns")]
    [InlineData("throws")]
    [InlineData("throws while it is cancelled by the caller")]
    [InlineData("exceeds its deadline")]
    [InlineData("loses its connection")]
    public async Task Unary_HoweverItEnds_ReleasesItsSlot(string how)
    {
        await using var server = await TestServer.StartAsync();
        var (blocked, release) = BlockSubmit(server);
        using var cancel = new CancellationTokenSource();
        using var channel = Grpc.Net.Client.GrpcChannel.ForAddress(server.Address);
        var call = new V1.JobService.JobServiceClient(channel).SubmitVideoAsync(
            new(),
            deadline: how == "exceeds its deadline" ? TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(1) : null,
            cancellationToken: cancel.Token).ResponseAsync;
        await blocked;
        Assert.Equal(1, server.Limits.Running);

        switch (how)
        {
            case "returns":
                release.SetResult();
                await call;
                break;
            case "throws":
                release.SetException(new InvalidOperationException("A defect."));
                await Assert.ThrowsAsync<RpcException>(() => call);
                break;
            case "exceeds its deadline":
                await Assert.ThrowsAsync<RpcException>(() => call);
                break;
            case "loses its connection":
                channel.Dispose();
                await Assert.ThrowsAnyAsync<Exception>(() => call);
                break;
            default:
                await cancel.CancelAsync();
                await Assert.ThrowsAsync<RpcException>(() => call);
                break;
        }

        await AssertAllReleasedAsync(server);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LongPoll_HoweverItEnds_ReleasesItsSlot(bool exceedsDeadline)
    {
        await using var server = await TestServer.StartAsync();
        using var cancel = new CancellationTokenSource();
        var call = server.Jobs.WaitJobAsync(
            new() { JobId = "a" },
            deadline: exceedsDeadline ? TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(2) : null,
            cancellationToken: cancel.Token).ResponseAsync;
        await server.WaitForLongPollsAsync(1);

        if (!exceedsDeadline)
        {
            await cancel.CancelAsync();
        }

        await Assert.ThrowsAsync<RpcException>(() => call);
        await AssertAllReleasedAsync(server);
    }

    [Fact]
    public async Task Refused_ReleasesNothingThatItDidNotTake()
    {
        await using var server = await TestServer.StartAsync(("Calls:MaxWaiting", "1"));
        using var cancel = new CancellationTokenSource();
        using var first = server.Jobs.WaitJobAsync(new() { JobId = "a" }, cancellationToken: cancel.Token);
        await server.WaitForLongPollsAsync(1);

        for (var attempt = 0; attempt < 3; attempt++)
        {
            var refusal = await Refusal.OfAsync(Wait(server));
            Assert.Equal(ErrorReason.TooManyCalls, refusal.Reason);
        }

        Assert.Equal(1, server.Limits.LongPolls);
        await cancel.CancelAsync();
        await AssertAllReleasedAsync(server);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ServerStream_CancelledOrDisposed_ReleasesItsSlot(bool isDisposed)
    {
        await using var server = await TestServer.StartAsync();
        using var cancel = new CancellationTokenSource();
        using var watch = new HealthClient(server.Channel).Watch(new(), cancellationToken: cancel.Token);
        await NextAsync(watch.ResponseStream);
        Assert.Equal(1, server.Limits.Streaming);

        if (isDisposed)
        {
            watch.Dispose();
        }
        else
        {
            await cancel.CancelAsync();
        }

        await AssertAllReleasedAsync(server);
    }

    [Theory]
    [InlineData("is completed")]
    [InlineData("is cancelled")]
    [InlineData("is disposed")]
    public async Task DuplexStream_HoweverItEnds_ReleasesItsSlot(string how)
    {
        await using var server = await TestServer.StartAsync();
        using var cancel = new CancellationTokenSource();
        using var call = new ServerReflection.ServerReflectionClient(server.Channel)
            .ServerReflectionInfo(cancellationToken: cancel.Token);
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, Cancellation);
        await NextAsync(call.ResponseStream);
        Assert.Equal(1, server.Limits.Streaming);

        switch (how)
        {
            case "is completed":
                await call.RequestStream.CompleteAsync();
                Assert.False(await call.ResponseStream.MoveNext(Cancellation), "The stream has another response.");
                break;
            case "is cancelled":
                await cancel.CancelAsync();
                break;
            default:
                call.Dispose();
                break;
        }

        await AssertAllReleasedAsync(server);
    }

    /// <summary>Makes SubmitVideo wait for a release or the end of its call; the first task completes when it does.
    /// </summary>
    private static (Task Blocked, TaskCompletionSource Release) BlockSubmit(TestServer server)
    {
        var blocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.JobService.OnSubmit = context =>
        {
            blocked.SetResult();
            return release.Task.WaitAsync(context.CancellationToken);
        };
        return (blocked.Task, release);
    }

    private static async Task NextAsync<T>(IAsyncStreamReader<T> responses) =>
        Assert.True(await responses.MoveNext(Cancellation), "The stream ended without a response.");

    private static Task AssertAllReleasedAsync(TestServer server) => TestServer.UntilAsync(
        () => (server.Limits.Running, server.Limits.LongPolls, server.Limits.Streaming) == (0, 0, 0),
        () => $"Not released: {server.Limits.Running} calls, {server.Limits.LongPolls} long polls, "
            + $"{server.Limits.Streaming} streaming calls.");

    private static AsyncUnaryCall<WaitJobResponse> Wait(TestServer server) =>
        server.Jobs.WaitJobAsync(new() { JobId = "a" }, cancellationToken: Cancellation);
}
