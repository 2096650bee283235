using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>How many calls the service takes, and who is answered where they are too many.</summary>
public sealed class CallPlaceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Reaches(ErrorReason.TooManyCalls)]
    public async Task WaitJob_OneTooMany_IsRefusedAndOthersAreAnswered()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Calls:MaxWaiting", "2"), ("Calls:BusyRetryDelay", "00:00:03"));
        var job = await service.SubmitAsync();
        using var first = Wait(service, job);
        using var second = Wait(service, job);
        await service.WaitForWaitingCallsAsync(2);

        using var third = Wait(service, job);
        var refusal = await Refusal.OfAsync(third);

        Assert.Equal(
            (ErrorReason.TooManyCalls, "Calls:MaxWaiting", "2"),
            (refusal.Reason, refusal.Info.Metadata["option"], refusal.Info.Metadata["limit"]));
        Assert.Equal(3, refusal.Status.GetDetail<RetryInfo>().RetryDelay.Seconds);
        Assert.Equal(job.Etag, (await service.GetAsync(job.JobId)).Etag);

        // A place that is given back is taken by the next one.
        await service.Client.CancelJobAsync(new() { JobId = job.JobId }, cancellationToken: Cancellation);
        Assert.Equal(JobStatus.Cancelled, (await first).Job.Status);
        Assert.Equal(JobStatus.Cancelled, (await second).Job.Status);
        Assert.Equal(JobStatus.Cancelled, (await Wait(service, job)).Job.Status);
    }

    [Fact]
    public async Task HealthCheck_EveryPlaceIsTaken_IsAnswered()
    {
        await using var service = await RunningJobService.StartAsync(
            new ScriptedInference(), ("Calls:MaxRunning", "1"), ("Calls:MaxStreaming", "1"));
        var health = new Health.HealthClient(service.Channel);
        using var watch = health.Watch(new(), cancellationToken: Cancellation);
        Assert.True(await watch.ResponseStream.MoveNext(Cancellation));

        using var refused = health.Watch(new(), cancellationToken: Cancellation);
        var failure = await Assert.ThrowsAsync<RpcException>(() => refused.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(ErrorReason.TooManyCalls, Refusal.Read(failure).Reason);

        var answer = await health.CheckAsync(new(), cancellationToken: Cancellation);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, answer.Status);
    }

    private static AsyncUnaryCall<WaitJobResponse> Wait(RunningJobService service, Job job) =>
        service.Client.WaitJobAsync(
            new() { JobId = job.JobId, Etag = job.Etag, Timeout = new() { Seconds = 60 } },
            cancellationToken: Cancellation);
}
