using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Tests.Floods;

/// <summary>
/// Slow clients, half open connections and floods do not stop others: while each of them lasts, a caller who behaves is
/// answered, and afterwards nothing is left of it.
/// </summary>
public sealed class FloodTests(FloodedService service) : IClassFixture<FloodedService>
{
    private const string GetJob = "/foregsyte.v1.JobService/GetJob";
    private const string WaitJob = "/foregsyte.v1.JobService/WaitJob";
    private const string GetJobResults = "/foregsyte.v1.JobService/GetJobResults";

    private static CancellationToken Cancel => FloodedService.Cancel;

    [Fact]
    public async Task ConnectionsThatSayNothing_MakeRoomForOthers()
    {
        OpenFiles.SkipUnless(10_000);
        await service.OpenAsync(3_000, () => RawConnection.OpenAsync(service.Address, Cancel));

        await service.AssertServesAsync();
        Assert.InRange(service.Connections, 1, FloodedService.MaxConnections);
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task ConnectionsWithHalfAPreface_MakeRoomForOthers()
    {
        OpenFiles.SkipUnless(10_000);
        await service.OpenAsync(2_500, async () =>
        {
            var connection = await RawConnection.OpenAsync(service.Address, Cancel);
            await connection.SendHalfPrefaceAsync(Cancel);
            return connection;
        });

        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task IdleHttp2Connections_MakeRoomForOthers()
    {
        OpenFiles.SkipUnless(10_000);
        await service.OpenAsync(2_500, () => RawConnection.GreetAsync(service.Address, null, Cancel));

        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task BodiesThatNeverEnd_HoldNoPlace()
    {
        for (var count = 0; count < 20; count++)
        {
            var connection = await service.GreetAsync();
            for (var stream = 0; stream < 50; stream++)
            {
                connection.Message(connection.Call(GetJob), [1], announced: 1_000, flags: 0);
            }

            await connection.FlushAsync(Cancel);
        }

        await service.WaitForSlowCallsAsync(FloodedService.MaxSlow);
        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task CallsThatWait_TakeNoPlaceFromOthers()
    {
        var wait = new WaitJobRequest { JobId = await service.PendingJobAsync(), Timeout = new() { Seconds = 60 } };
        wait.Etag = await service.EtagOfAsync(wait.JobId);
        for (var count = 0; count < 10; count++)
        {
            var connection = await service.GreetAsync();
            for (var stream = 0; stream < 100; stream++)
            {
                connection.Message(connection.Call(WaitJob), wait.ToByteArray());
            }

            await connection.FlushAsync(Cancel);
        }

        await service.WaitForWaitingCallsAsync(FloodedService.MaxWaiting);
        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task ThousandsOfStreamsOnOneConnection_EndIt()
    {
        var connection = await service.GreetAsync();
        for (var stream = 0; stream < 5_000; stream++)
        {
            connection.Message(connection.Call(GetJob), [1], announced: 1_000, flags: 0);
        }

        await connection.FlushAsync(Cancel);

        await FloodedService.AssertEndsAsync(connection);
        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task StreamsThatAreResetAtOnce_EndTheirConnection()
    {
        for (var count = 0; count < 5; count++)
        {
            var connection = await service.GreetAsync();
            for (var stream = 0; stream < 4_000; stream++)
            {
                var id = connection.Call(GetJob);
                connection.Message(id, service.GetJob);
                connection.Frame(RawConnection.ResetStream, 0, id, [0, 0, 0, 8]);
            }

            await connection.FlushAsync(Cancel);
        }

        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task HeadersThatNeverEnd_EndTheirConnection()
    {
        var connection = await service.GreetAsync();
        var id = connection.Call(GetJob, flags: 0);
        for (var frame = 0; frame < 1_000; frame++)
        {
            var header = (FormattableString.Invariant($"x-{frame}"), new string('x', 1_000));
            connection.Frame(RawConnection.Continuation, 0, id, RawConnection.HeaderBlock(header));
        }

        await connection.FlushAsync(Cancel);

        await FloodedService.AssertEndsAsync(connection);
        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task PingsWhoseAnswersNobodyReads_DoNotStopOthers()
    {
        for (var count = 0; count < 10; count++)
        {
            var connection = await service.GreetAsync();
            for (var ping = 0; ping < 20_000; ping++)
            {
                connection.Frame(RawConnection.Ping, 0, 0, new byte[8]);
            }

            // The service stops reading when its answers are not read: the rest of the flood stays outside.
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

        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task ReadersThatNeverRead_HoldNoPlace()
    {
        const int Streams = 20;
        for (var asked = Streams; asked <= FloodedService.MaxRunning * 2; asked += Streams)
        {
            var connection = await service.GreetAsync(windowBytes: 0);
            for (var stream = 0; stream < Streams; stream++)
            {
                connection.Message(connection.Call(GetJobResults), service.GetResults);
            }

            await connection.FlushAsync(Cancel);
            await service.WaitForSlowCallsAsync(asked);
        }

        Assert.True(service.MessageBytes > FloodedService.MaxRunning * FloodedService.LargeBytes);
        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }
}
