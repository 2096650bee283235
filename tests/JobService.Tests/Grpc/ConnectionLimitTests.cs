using System.Net;
using System.Net.Http.Headers;
using ForegSyte.Jobs.Tests.Floods;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>How connections end, and what a slow request is told.</summary>
public sealed class ConnectionLimitTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connection_PastItsAge_IsClosedWhenItHasNoCall()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Connections:MaxAge", "00:00:00.2"));

        await GrowOldAsync(service);

        await service.WaitForConnectionsAsync(0);
    }

    [Fact]
    public async Task Connection_PastItsAgeWithACallThatWaits_LetsItEnd()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Connections:MaxAge", "00:00:00.2"));
        var job = await service.SubmitAsync();
        using var waiting = service.Client.WaitJobAsync(
            new() { JobId = job.JobId, Etag = job.Etag, Timeout = new() { Seconds = 60 } },
            cancellationToken: Cancellation);
        await service.WaitForWaitingCallsAsync(1);

        // The jitter makes one of them a little younger than the connection of the call: two are surely older.
        await GrowOldAsync(service);
        await GrowOldAsync(service);

        using var other = GrpcChannel.ForAddress(service.Address);
        await new V1.JobService.JobServiceClient(other).CancelJobAsync(
            new() { JobId = job.JobId }, cancellationToken: Cancellation);
        Assert.Equal(JobStatus.Cancelled, (await waiting).Job.Status);
    }

    [Fact]
    public async Task Connection_PastItsAgeAndItsGrace_IsClosedWithItsCalls()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Connections:MaxAge", "00:00:00.2"), ("Connections:AgeGrace", "00:00:01"));
        var job = await service.SubmitAsync();

        var failure = await Assert.ThrowsAsync<RpcException>(() => service.Client.WaitJobAsync(
            new() { JobId = job.JobId, Etag = job.Etag, Timeout = new() { Seconds = 60 } },
            cancellationToken: Cancellation).ResponseAsync);

        Assert.Contains(failure.StatusCode, new[] { StatusCode.Unavailable, StatusCode.Internal });
    }

    [Fact]
    public async Task Request_SlowerThanTheLimit_IsToldTheOption()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Connections:DataGrace", "00:00:02"));
        using var client = new HttpClient(new SocketsHttpHandler());
        using var content = new EndlessContent();
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(service.Address, "/foregsyte.v1.JobService/GetJob"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TE.ParseAdd("trailers");

        using var response = await client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, Cancellation);

        var refusal = Refusal.Read(response.Headers);
        Assert.Equal(
            (ErrorReason.DeadlineExceeded, "Connections:MinDataRate"),
            (refusal.Reason, refusal.Info.Metadata["option"]));
    }

    /// <summary>A new connection, until its age ends it.</summary>
    private static async Task GrowOldAsync(RunningJobService service)
    {
        await using var connection = await RawConnection.GreetAsync(service.Address, null, Cancellation);
        await connection.ReadToEndAsync(Cancellation);
    }

    /// <summary>Announces a message and does not send it.</summary>
    private sealed class EndlessContent : HttpContent
    {
        public EndlessContent() => Headers.ContentType = new MediaTypeHeaderValue("application/grpc");

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[] { 0, 0, 0, 1, 0, 1 }, Cancellation);
            await stream.FlushAsync(Cancellation);
            await Task.Delay(Timeout.Infinite, Cancellation);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
