using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>DrainServer, UndrainServer, and the drain before a stop, over a socket.</summary>
public sealed class DrainTests
{
    private static readonly TimeSpan StateTimeout = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task DrainServer_WhileAJobRuns_LetsItFinishAndStartsNoOther()
    {
        var (started, go) = (NewSignal(), NewSignal());
        await using var service = await RunningJobService.StartAsync(Held(started, go));
        Assert.Equal(DrainState.NotDraining, await StateAsync(service));
        var running = await service.SubmitAsync();
        await started.Task.WaitAsync(StateTimeout, Cancellation);

        var drain = await DrainAsync(service, TimeSpan.FromMinutes(5));
        Assert.Equal((DrainState.Draining, 1, 0), (drain.State, drain.RunningJobs, drain.PendingJobs));
        Assert.Equal(TimeSpan.FromMinutes(5), (drain.EndsAt - drain.StartedAt).ToTimeSpan());
        var waiting = await service.GetWhenAsync(
            (await service.SubmitAsync()).JobId, job => job.QueueState.Reason == WaitReason.Draining);
        Assert.Equal(1, waiting.QueueState.Position);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await HealthAsync(service));

        go.SetResult();
        await service.GetWhenAsync(running.JobId, job => job.Status == JobStatus.Completed);
        await service.GetWhenAsync(
            waiting.JobId, job => job.Status == JobStatus.Pending && job.Attempts.Count == 0);
        await WaitForStateAsync(service, DrainState.Drained);
        Assert.Equal(1, (await DrainAsync(service, TimeSpan.Zero)).PendingJobs);
    }

    [Fact]
    public async Task DrainServer_AfterItsTimeout_RequeuesRunningJobs()
    {
        var started = NewSignal();
        await using var service = await RunningJobService.StartAsync(Held(started, NewSignal()));
        var jobId = (await service.SubmitAsync()).JobId;
        await started.Task.WaitAsync(StateTimeout, Cancellation);
        await DrainAsync(service, TimeSpan.FromHours(1));

        await DrainAsync(service, TimeSpan.Zero);

        var job = await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Pending);
        Assert.Equal(["SHUTTING_DOWN"], job.Attempts.Select(attempt => ErrorStatus.InfoOf(attempt.Error)?.Reason));
        Assert.Equal(WaitReason.Draining, job.QueueState.Reason);
        await WaitForStateAsync(service, DrainState.Drained);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DrainServer_WithStop_StopsWhenNothingRuns(bool isDrainedBefore)
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var stopping = service.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        if (isDrainedBefore)
        {
            await DrainAsync(service, TimeSpan.Zero);
            await WaitForStateAsync(service, DrainState.Drained);
            Assert.False(stopping.IsCancellationRequested, "A drain without stop stopped the service.");
        }

        var stopped = NewSignal();
        await using var registration = stopping.Register(stopped.SetResult);
        var drain = await DrainAsync(service, TimeSpan.Zero, stop: true);
        Assert.True(drain.ExitsWhenDrained, $"The drain does not stop the service: {drain}");
        await stopped.Task.WaitAsync(StateTimeout, Cancellation);
    }

    [Fact]
    public async Task UndrainServer_Drained_StartsTheWaitingJobs()
    {
        await using var service = await RunningJobService.StartAsync(new ScriptedInference());
        await DrainAsync(service, TimeSpan.FromHours(1), stop: false);
        await WaitForStateAsync(service, DrainState.Drained);
        var waiting = await service.SubmitAsync();
        Assert.Equal(WaitReason.Draining, waiting.QueueState.Reason);

        var drain = await UndrainAsync(service);

        Assert.Equal((DrainState.NotDraining, null, null), (drain.State, drain.StartedAt, drain.EndsAt));
        await service.GetWhenAsync(waiting.JobId, job => job.Status == JobStatus.Completed);
        Assert.Equal(DrainState.NotDraining, (await UndrainAsync(service)).State);
    }

    [Fact]
    public async Task UndrainServer_WhileAJobRuns_StartsOthersAndTheNextDrainReachesBoth()
    {
        var started = new SemaphoreSlim(0);
        await using var service = await RunningJobService.StartAsync(
            new ScriptedInference
            {
                OnRun = async (_, _, cancellationToken) =>
                {
                    started.Release();
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                },
            },
            ("Dispatch:SegmentsInFlight", "1"));
        var first = (await service.SubmitAsync()).JobId;
        await started.WaitAsync(StateTimeout, Cancellation);
        await DrainAsync(service, TimeSpan.FromHours(1), stop: true);
        var second = (await service.SubmitAsync()).JobId;

        var drain = await UndrainAsync(service);

        Assert.False(drain.ExitsWhenDrained, $"The service still stops: {drain}");
        await started.WaitAsync(StateTimeout, Cancellation);
        Assert.Single((await service.GetAsync(first)).Attempts);

        await DrainAsync(service, TimeSpan.Zero);
        foreach (var jobId in (string[])[first, second])
        {
            await service.GetWhenAsync(jobId, job => job is { Status: JobStatus.Pending, Attempts.Count: 1 });
        }

        await WaitForStateAsync(service, DrainState.Drained);
        var stopping = service.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        Assert.False(stopping.IsCancellationRequested, "The drain that was ended stopped the service.");
    }

    [Fact]
    public async Task UndrainServer_WhileRunningJobsReturnToTheQueue_RunsThemAgain()
    {
        var (started, cancelled, go) = (NewSignal(), NewSignal(), NewSignal());
        await using var service = await RunningJobService.StartAsync(new ScriptedInference
        {
            OnRun = async (_, call, cancellationToken) =>
            {
                if (call == 1)
                {
                    started.SetResult();
                    await Task.Delay(Timeout.Infinite, cancellationToken)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    cancelled.SetResult();
                    await go.Task;
                    cancellationToken.ThrowIfCancellationRequested();
                }
            },
        });
        var jobId = (await service.SubmitAsync()).JobId;
        await started.Task.WaitAsync(StateTimeout, Cancellation);
        await DrainAsync(service, TimeSpan.Zero);
        await cancelled.Task.WaitAsync(StateTimeout, Cancellation);

        // The attempt is over, but it has not returned its job yet.
        await UndrainAsync(service);
        go.SetResult();

        var job = await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);
        Assert.Equal(
            ["SHUTTING_DOWN", null], job.Attempts.Select(attempt => ErrorStatus.InfoOf(attempt.Error)?.Reason));
        Assert.Equal(DrainState.NotDraining, await StateAsync(service));
    }

    [Fact]
    public async Task UndrainServer_DuringAStop_IsRefused()
    {
        var (started, go) = (NewSignal(), NewSignal());
        await using var service = await RunningJobService.StartAsync(Held(started, go));
        await service.SubmitAsync();
        await started.Task.WaitAsync(StateTimeout, Cancellation);
        var stop = service.Services.GetRequiredService<IHost>().StopAsync(Cancellation);

        var refusal = await Refusal.OfAsync(
            service.Client.UndrainServerAsync(new UndrainServerRequest(), cancellationToken: Cancellation));

        Assert.Equal(ErrorReason.ShuttingDown, refusal.Reason);
        go.SetResult();
        await stop.WaitAsync(StateTimeout, Cancellation);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(86400, 1)]
    [InlineData(1, -1)]
    [Reaches(ErrorReason.InvalidField)]
    public async Task DrainServer_TimeoutOutOfRange_IsRefused(long seconds, int nanos)
    {
        await using var service = await RunningJobService.StartAsync(new ScriptedInference());
        var request = new DrainServerRequest { Timeout = new Duration { Seconds = seconds, Nanos = nanos } };
        var refusal = await Refusal.OfAsync(service.Client.DrainServerAsync(request, cancellationToken: Cancellation));
        Assert.Equal(ErrorReason.InvalidField, refusal.Reason);
        Assert.Equal(DrainState.NotDraining, await StateAsync(service));
    }

    [Fact]
    public async Task Stop_WhileAJobRuns_AnswersCallsUntilItHasFinished()
    {
        var (started, go) = (NewSignal(), NewSignal());
        await using var service = await RunningJobService.StartAsync(Held(started, go));
        var running = await service.SubmitAsync();
        await started.Task.WaitAsync(StateTimeout, Cancellation);
        var known = await service.GetAsync(running.JobId);

        var stop = service.Services.GetRequiredService<IHost>().StopAsync(Cancellation);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, await HealthAsync(service));

        // A new connection: the service still listens.
        using var channel = GrpcChannel.ForAddress(service.Address);
        var client = new Contract.JobServiceClient(channel);
        var accepted = await client.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation);
        Assert.Equal(WaitReason.Draining, accepted.Job.QueueState.Reason);
        var wait = client.WaitJobAsync(
            new WaitJobRequest { JobId = accepted.Job.JobId, Etag = accepted.Job.Etag },
            cancellationToken: Cancellation);
        Assert.Equal(JobStatus.Running, known.Status);

        go.SetResult();
        var refusal = await Refusal.OfAsync(wait);
        Assert.Equal(ErrorReason.ShuttingDown, refusal.Reason);
        await stop.WaitAsync(StateTimeout, Cancellation);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static ScriptedInference Held(TaskCompletionSource started, TaskCompletionSource go) => new()
    {
        OnRun = async (_, _, cancellationToken) =>
        {
            started.TrySetResult();
            await go.Task.WaitAsync(cancellationToken);
        },
    };

    private static async Task<DrainStatus> DrainAsync(RunningJobService service, TimeSpan timeout, bool stop = false)
    {
        var request = new DrainServerRequest { Timeout = timeout.ToDuration(), ExitWhenDrained = stop };
        return (await service.Client.DrainServerAsync(request, cancellationToken: Cancellation)).Drain;
    }

    private static async Task<DrainStatus> UndrainAsync(RunningJobService service) =>
        (await service.Client.UndrainServerAsync(new UndrainServerRequest(), cancellationToken: Cancellation)).Drain;

    private static async Task<DrainState> StateAsync(RunningJobService service) =>
        (await service.Client.GetServerInfoAsync(
            new GetServerInfoRequest(), cancellationToken: Cancellation)).ServerInfo.DrainState;

    private static async Task WaitForStateAsync(RunningJobService service, DrainState state) =>
        await Wait.ForAsync(() => StateAsync(service), found => found == state, $"the drain becomes {state}");

    private static async Task<HealthCheckResponse.Types.ServingStatus> HealthAsync(RunningJobService service) =>
        (await new Health.HealthClient(service.Channel).CheckAsync(
            new HealthCheckRequest(), cancellationToken: Cancellation)).Status;
}
