using System.Net;
using System.Net.Http.Headers;
using ForegSyte.Hosting.Tests.Floods;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Hosting.Tests.Connections;

/// <summary>The maximum age of connections and the minimum data rate of requests.</summary>
public sealed class ConnectionLimitTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connection_OverItsAgeAndIdle_IsClosed()
    {
        await using var server = await TestServer.StartAsync(("Connections:MaxAge", "00:00:00.2"));

        await AgeAsync(server);

        await server.WaitForConnectionsAsync(0);
    }

    [Fact]
    public async Task Connection_OverItsAgeWithALongPoll_LetsItEnd()
    {
        await using var server = await TestServer.StartAsync(("Connections:MaxAge", "00:00:00.2"));
        using var waiting = server.Jobs.WaitJobAsync(
            new() { JobId = "a" },
            cancellationToken: Cancellation);
        await server.WaitForLongPollsAsync(1);

        // Ages have a jitter of a tenth: after two more connections have aged, that of the call has aged too.
        await AgeAsync(server);
        await AgeAsync(server);

        using var other = GrpcChannel.ForAddress(server.Address);
        await new V1.JobService.JobServiceClient(other).CancelJobAsync(
            new() { JobId = "a" }, cancellationToken: Cancellation);
        Assert.Equal(JobStatus.Cancelled, (await waiting).Job.Status);
    }

    [Fact]
    public async Task Connection_OverItsAgeAndGrace_IsClosedWithItsCalls()
    {
        await using var server = await TestServer.StartAsync(
            ("Connections:MaxAge", "00:00:00.2"), ("Connections:AgeGrace", "00:00:01"));

        var failure = await Assert.ThrowsAsync<RpcException>(() => server.Jobs.WaitJobAsync(
            new() { JobId = "a" },
            cancellationToken: Cancellation).ResponseAsync);

        Assert.Contains(failure.StatusCode, new[] { StatusCode.Unavailable, StatusCode.Internal });
    }

    [Fact]
    public async Task Request_SlowerThanTheLimit_IsRefusedWithTheOption()
    {
        await using var server = await TestServer.StartAsync(("Connections:DataGrace", "00:00:02"));
        using var client = new HttpClient(new SocketsHttpHandler());
        using var content = new EndlessContent();
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(server.Address, "/foregsyte.v1.JobService/GetJob"))
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

    /// <summary>Opens a connection and waits until the server closes it because of its age.</summary>
    private static async Task AgeAsync(TestServer server)
    {
        await using var connection = await RawConnection.GreetAsync(server.Address, null, Cancellation);
        await connection.ReadToEndAsync(Cancellation);
    }

    /// <summary>Announces a message without sending it.</summary>
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
