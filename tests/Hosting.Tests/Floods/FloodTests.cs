using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Hosting.Tests.Floods;

/// <summary>
/// Slow clients, half-open connections and floods: a well-behaved client is served meanwhile, and nothing of the flood
/// remains afterwards.
/// </summary>
public sealed class FloodTests(FloodedServer server) : IClassFixture<FloodedServer>
{
    private const string GetJob = "/foregsyte.v1.JobService/GetJob";
    private const string WaitJob = "/foregsyte.v1.JobService/WaitJob";
    private const string GetJobResults = "/foregsyte.v1.JobService/GetJobResults";

    private static CancellationToken Cancel => FloodedServer.Cancel;

    [Fact]
    public async Task SilentConnections_AreEvicted()
    {
        OpenFiles.SkipUnless(10_000);
        await server.OpenAsync(3_000, () => RawConnection.OpenAsync(server.Address, Cancel));

        await server.AssertServesAsync();
        Assert.InRange(server.Connections, 1, FloodedServer.MaxConnections);
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task HalfPrefaces_AreEvicted()
    {
        OpenFiles.SkipUnless(10_000);
        await server.OpenAsync(2_500, async () =>
        {
            var connection = await RawConnection.OpenAsync(server.Address, Cancel);
            await connection.SendHalfPrefaceAsync(Cancel);
            return connection;
        });

        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task IdleHttp2Connections_AreEvicted()
    {
        OpenFiles.SkipUnless(10_000);
        await server.OpenAsync(2_500, () => RawConnection.GreetAsync(server.Address, null, Cancel));

        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task EndlessBodies_DoNotCountAsRunning()
    {
        for (var count = 0; count < 20; count++)
        {
            var connection = await server.GreetAsync();
            for (var stream = 0; stream < 50; stream++)
            {
                connection.Message(connection.Call(GetJob), [1], announced: 1_000, flags: 0);
            }

            await connection.FlushAsync(Cancel);
        }

        await server.WaitForSlowCallsAsync(FloodedServer.MaxSlow);
        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task LongPolls_DoNotBlockOtherCalls()
    {
        var wait = new WaitJobRequest { JobId = "never-ends" };
        for (var count = 0; count < 10; count++)
        {
            var connection = await server.GreetAsync();
            for (var stream = 0; stream < 100; stream++)
            {
                connection.Message(connection.Call(WaitJob), wait.ToByteArray());
            }

            await connection.FlushAsync(Cancel);
        }

        await server.WaitForLongPollsAsync(FloodedServer.MaxWaiting);
        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task ThousandsOfStreams_EndTheirConnection()
    {
        var connection = await server.GreetAsync();
        for (var stream = 0; stream < 5_000; stream++)
        {
            connection.Message(connection.Call(GetJob), [1], announced: 1_000, flags: 0);
        }

        await connection.FlushAsync(Cancel);

        await FloodedServer.AssertEndsAsync(connection);
        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task RapidResets_EndTheirConnection()
    {
        for (var count = 0; count < 5; count++)
        {
            var connection = await server.GreetAsync();
            for (var stream = 0; stream < 4_000; stream++)
            {
                var id = connection.Call(GetJob);
                connection.Message(id, FloodedServer.GetJob);
                connection.Frame(RawConnection.ResetStream, 0, id, [0, 0, 0, 8]);
            }

            await connection.FlushAsync(Cancel);
        }

        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task EndlessHeaders_EndTheirConnection()
    {
        var connection = await server.GreetAsync();
        var id = connection.Call(GetJob, flags: 0);
        for (var frame = 0; frame < 1_000; frame++)
        {
            var header = (FormattableString.Invariant($"x-{frame}"), new string('x', 1_000));
            connection.Frame(RawConnection.Continuation, 0, id, RawConnection.HeaderBlock(header));
        }

        await connection.FlushAsync(Cancel);

        await FloodedServer.AssertEndsAsync(connection);
        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task UnreadPings_DoNotBlockOtherCalls()
    {
        for (var count = 0; count < 10; count++)
        {
            var connection = await server.GreetAsync();
            for (var ping = 0; ping < 20_000; ping++)
            {
                connection.Frame(RawConnection.Ping, 0, 0, new byte[8]);
            }

            // The server stops reading when its responses are not read, so that sending blocks.
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            limit.CancelAfter(TimeSpan.FromSeconds(1));
            try
            {
                await connection.FlushAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!Cancel.IsCancellationRequested)
            {
            }
        }

        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task ReadersThatNeverRead_DoNotCountAsRunning()
    {
        const int Streams = 20;
        for (var asked = Streams; asked <= FloodedServer.MaxRunning * 2; asked += Streams)
        {
            var connection = await server.GreetAsync(windowBytes: 0);
            for (var stream = 0; stream < Streams; stream++)
            {
                connection.Message(connection.Call(GetJobResults), FloodedServer.GetResults);
            }

            await connection.FlushAsync(Cancel);
            await server.WaitForSlowCallsAsync(asked);
        }

        Assert.InRange(server.MessageBytes, (long)FloodedServer.MaxRunning * EchoJobService.LargeBytes, long.MaxValue);
        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }
}
