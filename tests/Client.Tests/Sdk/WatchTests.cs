using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class WatchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(JobStatus.Completed)]
    [InlineData(JobStatus.Failed)]
    [InlineData(JobStatus.Cancelled)]
    public async Task WatchJob_UntilTerminal_YieldsEveryChangeAndEnds(JobStatus last)
    {
        await using var server = await ScriptedServer.StartAsync();
        var end = SampleJobs.Completed();
        end.Status = last;
        server.Service.Wait.Answer(
            SampleJobs.Changed(SampleJobs.Pending()),
            SampleJobs.Changed(SampleJobs.Running(10)),
            SampleJobs.Changed(SampleJobs.Running(60)),
            SampleJobs.Changed(end));
        await using var client = server.Connect();

        var seen = await client.WatchJobAsync(SampleJobs.Id, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal(["pending", "running 10", "running 60", "completed"], seen.Select(job => job.Etag));
        Assert.Equal(
            ["", "pending", "running 10", "running 60"], server.Service.Wait.Requests.Select(request => request.Etag));
        // Long polls: the server waits for the change, not the client.
        Assert.All(server.Service.Wait.Requests, request => Assert.Equal(30, request.Timeout.Seconds));
    }

    [Fact]
    public async Task WatchJob_LongPollEndsWithoutChange_PollsAgainAndYieldsNothing()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Answer(
            SampleJobs.Changed(SampleJobs.Running(10)),
            SampleJobs.Changed(SampleJobs.Running(10)),
            SampleJobs.Changed(SampleJobs.Completed()));
        await using var client = server.Connect();

        var seen = await client.WatchJobAsync(SampleJobs.Id, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal(["running 10", "completed"], seen.Select(job => job.Etag));
    }

    [Fact]
    public async Task WatchJob_QueuePositionChanges_YieldsItDespiteTheSameEtag()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Answer(
            SampleJobs.Changed(SampleJobs.Queued(3)),
            SampleJobs.Changed(SampleJobs.Queued(3)),
            SampleJobs.Changed(SampleJobs.Queued(1)),
            SampleJobs.Changed(SampleJobs.Completed()));
        var clock = new SkippingTimeProvider();
        await using var client = server.Connect(options => options with { TimeProvider = clock });

        var seen = await client.WatchJobAsync(SampleJobs.Id, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal([3, 1, null], seen.Select(job => job.QueueState?.Position));
        // A delay follows each of the two responses with the known etag.
        Assert.Equal(2, clock.Delays.Count);
    }

    [Fact]
    public async Task WaitForCompletion_JobIsCancelled_ReturnsIt()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Answer(
            SampleJobs.Changed(SampleJobs.Running(10)), SampleJobs.Changed(SampleJobs.Cancelled()));
        await using var client = server.Connect();

        var job = await client.WaitForCompletionAsync(SampleJobs.Id, cancellationToken: Token);

        Assert.Equal(SampleJobs.Cancelled(), job);
    }

    [Fact]
    public async Task WatchJob_Outage_ContinuesFromTheKnownEtag()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait
            .Answer(SampleJobs.Changed(SampleJobs.Running(10)))
            .Fail(Failures.Unavailable, times: 9)
            .BreakConnection()
            .Answer(SampleJobs.Changed(SampleJobs.Completed()));
        await using var client = server.Connect(options => options with { MaxAttempts = 2 });

        var seen = await client.WatchJobAsync(SampleJobs.Id, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal(["running 10", "completed"], seen.Select(job => job.Etag));
        Assert.All(server.Service.Wait.Requests.Skip(1), request => Assert.Equal("running 10", request.Etag));
    }

    [Fact]
    public async Task WatchJob_RetryInfo_IsTheMinimumDelay()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait
            .Fail(Failures.Of(
                StatusCode.Unavailable,
                ErrorReason.ShuttingDown,
                "The service is stopping.",
                new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(7)) }))
            .Answer(SampleJobs.Changed(SampleJobs.Completed()));
        var clock = new SkippingTimeProvider();
        await using var client = server.Connect(options => options with { TimeProvider = clock });

        await client.WaitForCompletionAsync(SampleJobs.Id, cancellationToken: Token);

        Assert.Equal([TimeSpan.FromSeconds(7)], clock.Delays);
    }

    [Fact]
    public async Task WatchJob_ServerRestarts_Continues()
    {
        var first = await ScriptedServer.StartAsync();
        first.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Running(10)));
        // Real delays, because the new server needs time to listen on the port.
        await using var client = first.Connect(options => options with { TimeProvider = TimeProvider.System });
        await using var watch = client.WatchJobAsync(SampleJobs.Id, cancellationToken: Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync(), "The watch ended before the first change.");

        await first.DisposeAsync();
        var next = watch.MoveNextAsync();
        var service = new ScriptedJobService();
        service.Wait.Answer(SampleJobs.Changed(SampleJobs.Completed()));
        await using var second = await ScriptedServer.StartAsync(first.Address.Port, service);

        Assert.True(await next.AsTask().WaitAsync(Script.TimeLimit, Token), "The watch ended during the restart.");
        Assert.Equal("completed", watch.Current.Etag);
        Assert.False(await watch.MoveNextAsync(), "The watch continued after the terminal status.");
    }

    [Fact]
    public async Task WatchJob_LongOutage_StopsAfterMaxOutage()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Always((_, _) => throw Failures.Unavailable);
        var clock = new SkippingTimeProvider();
        await using var client = server.Connect(options => options with
        {
            TimeProvider = clock,
            Random = new FixedRandom(1),
            MaxOutage = TimeSpan.FromSeconds(30),
        });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            async () => await client.WaitForCompletionAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.Equal(StatusCode.Unavailable, failure.Code);
        // 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 5 + 5 + 5 + 5 = 26.2 s; one more delay of 5 s would exceed 30 s.
        Assert.Equal(9, clock.Delays.Count);
    }

    [Fact]
    public async Task WatchJob_JobNeverEnds_EndsAtTheTimeout()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Always((_, _) => Task.FromResult(SampleJobs.Changed(SampleJobs.Running(10))));
        await using var client = server.Connect(options => options with { RetryBaseDelay = TimeSpan.FromSeconds(1) });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(async () =>
            await client.WaitForCompletionAsync(SampleJobs.Id, TimeSpan.FromMinutes(1), cancellationToken: Token));

        Assert.Equal(StatusCode.DeadlineExceeded, failure.Code);
        Assert.Equal(ErrorReason.DeadlineExceeded, failure.Reason);
        // If the server returns at once, the client calls it once per second.
        Assert.InRange(server.Service.Wait.Requests.Count, 50, 61);
    }

    [Fact]
    public async Task WatchJob_NoSuchJob_Throws()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Fail(Failures.JobNotFound);
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            async () => await client.WaitForCompletionAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.Equal(ErrorReason.JobNotFound, failure.Reason);
    }

    [Fact]
    public async Task WatchJob_Cancelled_CancelsTheCallAtTheServer()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reached = new TaskCompletionSource();
        var left = new TaskCompletionSource();
        server.Service.Wait.Do(async (_, context) =>
        {
            context.CancellationToken.Register(left.SetResult);
            reached.SetResult();
            await left.Task;
            return SampleJobs.Changed(SampleJobs.Running(1));
        });
        await using var client = server.Connect();
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var wait = client.WaitForCompletionAsync(SampleJobs.Id, cancellationToken: interruption.Token);
        await reached.Task.WaitAsync(Script.TimeLimit, Token);
        await interruption.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        await left.Task.WaitAsync(Script.TimeLimit, Token);
    }
}
