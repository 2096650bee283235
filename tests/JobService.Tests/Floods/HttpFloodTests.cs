using ForegSyte.Testing;

namespace ForegSyte.Jobs.Tests.Floods;

/// <summary>
/// The same over HTTP/1.1: while a flood lasts, callers who behave are answered on both doors, and afterwards nothing
/// is left of it.
/// </summary>
public sealed class HttpFloodTests(FloodedService service) : IClassFixture<FloodedService>
{
    private const string Host = "Host: localhost\r\n";

    private static CancellationToken Cancel => FloodedService.Cancel;

    [Fact]
    public async Task ConnectionsWithHalfARequest_MakeRoomForOthers()
    {
        OpenFiles.SkipUnless(10_000);
        await service.SayAsync(2_500, $"GET /v1/jobs HTTP/1.1\r\n{Host}");

        await service.AssertServesAsync();
        Assert.InRange(service.Connections, 1, FloodedService.MaxConnections);
        await service.AssertRecoversAsync();
    }

    [Theory]
    [InlineData("POST /v1/jobs", "Content-Type: application/json\r\nContent-Length: 1000\r\n", "{\"uri\": \"")]
    [InlineData("POST /v1/jobs", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", "1\r\n{\r\n")]
    [InlineData("POST /v1/jobs:content?pipeline_id=detect_only", "Content-Length: 1000000\r\n", "ftyp")]
    public async Task BodiesThatNeverEnd_HoldNoPlace(string request, string headers, string body)
    {
        OpenFiles.SkipUnless(10_000);
        await service.SayAsync(600, $"{request} HTTP/1.1\r\n{Host}{headers}\r\n{body}");

        await service.WaitForSlowCallsAsync(FloodedService.MaxSlow);
        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task CallsThatWait_TakeNoPlaceFromOthers()
    {
        OpenFiles.SkipUnless(10_000);
        var jobId = await service.PendingJobAsync();
        var etag = await service.EtagOfAsync(jobId);
        await service.SayAsync(1_000, $"GET /v1/jobs/{jobId}:wait?etag={etag}&timeout=60s HTTP/1.1\r\n{Host}\r\n");

        await service.WaitForWaitingCallsAsync(FloodedService.MaxWaiting);
        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task HeadersThatNeverEnd_EndTheirConnection()
    {
        var connection = await RawConnection.OpenAsync(service.HttpAddress, Cancel);
        await using (connection)
        {
            await connection.SendTextAsync($"GET /v1/jobs HTTP/1.1\r\n{Host}", Cancel);
            for (var header = 0; header < 1_000; header++)
            {
                await connection.SendTextAsync($"x-{header}: {new string('x', 1_000)}\r\n", Cancel);
            }

            await FloodedService.AssertEndsAsync(connection);
        }

        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }

    [Fact]
    public async Task ReadersThatNeverRead_HoldNoPlace()
    {
        // HTTP/1.1 has no window: the kernel takes some megabytes of answers, so that more than one is asked for.
        const int Readers = FloodedService.MaxRunning + 8;
        var ask = $"GET /v1/jobs/{service.JobId}/results HTTP/1.1\r\n{Host}\r\n";
        await service.SayAsync(
            Readers, string.Concat(Enumerable.Repeat(ask, 16)), RawConnection.OpenNarrowAsync);

        await service.WaitForSlowCallsAsync(Readers);
        Assert.True(service.MessageBytes > Readers * FloodedService.LargeBytes);
        await service.AssertServesAsync();
        await service.AssertRecoversAsync();
    }
}
