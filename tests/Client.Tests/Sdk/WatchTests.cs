using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class WatchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(JobStatus.Completed)]
    [InlineData(JobStatus.Failed)]
    [InlineData(JobStatus.Cancelled)]
    public async Task WatchJob_UntilTerminal_TellsEveryChangeAndEnds(JobStatus last)
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
    }

    [Fact]
    public async Task WatchJob_LongPollEndsWithoutChange_AsksAgainAndTellsNothing()
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
    public async Task WatchJob_PlaceInTheQueueChanges_TellsItThoughTheEtagDoesNot()
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

        Assert.Equal([3, 1, null], seen.Select(job => job.Wait?.QueuePosition));
        // Neither of the two answers with the known etag may be followed by a call at once.
        Assert.Equal(2, clock.Pauses.Count);
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
    public async Task WatchJob_ServerUnavailableForAWhile_GoesOnFromTheKnownEtag()
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
    public async Task WatchJob_ServerRestartsOnItsPort_GoesOn()
    {
        var first = await ScriptedServer.StartAsync();
        first.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Running(10)));
        // Real pauses: a new socket has to come up on the port.
        await using var client = first.Connect(options => options with { TimeProvider = TimeProvider.System });
        await using var watch = client.WatchJobAsync(SampleJobs.Id, cancellationToken: Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());

        await first.DisposeAsync();
        var next = watch.MoveNextAsync();
        var service = new ScriptedJobService();
        service.Wait.Answer(SampleJobs.Changed(SampleJobs.Completed()));
        await using var second = await ScriptedServer.StartAsync(first.Address.Port, service);

        Assert.True(await next);
        Assert.Equal("completed", watch.Current.Etag);
        Assert.False(await watch.MoveNextAsync());
    }

    [Fact]
    public async Task WatchJob_ServerStaysAway_GivesUpAfterMaxOutage()
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
        // 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 5 + 5 + 5 + 5 = 26.2 s; one more pause of 5 s would pass 30 s.
        Assert.Equal(9, clock.Pauses.Count);
    }

    [Fact]
    public async Task WatchJob_JobNeverEnds_EndsByItself()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Always((_, _) => Task.FromResult(SampleJobs.Changed(SampleJobs.Running(10))));
        await using var client = server.Connect(options => options with { RetryBaseDelay = TimeSpan.FromSeconds(1) });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(async () =>
            await client.WaitForCompletionAsync(SampleJobs.Id, TimeSpan.FromMinutes(1), Token));

        Assert.Equal(StatusCode.DeadlineExceeded, failure.Code);
        Assert.Equal(ErrorReason.DeadlineExceeded, failure.Reason);
        // A server that answers at once is asked once a second, not in a tight loop.
        Assert.InRange(server.Service.Wait.Requests.Count, 50, 61);
    }

    [Fact]
    public async Task WatchJob_NoSuchJob_FailsAtOnce()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Fail(Failures.JobNotFound);
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            async () => await client.WaitForCompletionAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.Equal(ErrorReason.JobNotFound, failure.Reason);
    }

    [Fact]
    public async Task WatchJob_Cancelled_EndsTheCallAtTheServer()
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
        await reached.Task.WaitAsync(Token);
        await interruption.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        await left.Task.WaitAsync(Token);
    }
}
