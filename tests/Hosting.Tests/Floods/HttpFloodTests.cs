using ForegSyte.Testing;

namespace ForegSyte.Hosting.Tests.Floods;

/// <summary>
/// Floods over HTTP/1.1: well-behaved clients of gRPC and HTTP are served meanwhile, and nothing of the flood remains
/// afterwards.
/// </summary>
public sealed class HttpFloodTests(FloodedServer server) : IClassFixture<FloodedServer>
{
    private const string Host = "Host: localhost\r\n";

    private static CancellationToken Cancel => FloodedServer.Cancel;

    [Fact]
    public async Task HalfRequests_AreEvicted()
    {
        OpenFiles.SkipUnless(10_000);
        await server.SendAsync(2_500, $"GET /v1/jobs HTTP/1.1\r\n{Host}");

        await server.AssertServesAsync();
        Assert.InRange(server.Connections, 1, FloodedServer.MaxConnections);
        await server.AssertRecoversAsync();
    }

    [Theory]
    [InlineData("POST /v1/jobs", "Content-Type: application/json\r\nContent-Length: 1000\r\n", "{\"uri\": \"")]
    [InlineData("POST /v1/jobs", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", "1\r\n{\r\n")]
    [InlineData("POST /v1/jobs:submit?pipeline_id=detect_only", "Content-Length: 1000000\r\n", "ftyp")]
    public async Task EndlessBodies_DoNotCountAsRunning(string request, string headers, string body)
    {
        OpenFiles.SkipUnless(10_000);
        await server.SendAsync(600, $"{request} HTTP/1.1\r\n{Host}{headers}\r\n{body}");

        await server.WaitForSlowCallsAsync(FloodedServer.MaxSlow);
        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task LongPolls_DoNotBlockOtherCalls()
    {
        OpenFiles.SkipUnless(10_000);
        await server.SendAsync(1_000, $"GET /v1/jobs/never-ends:wait HTTP/1.1\r\n{Host}\r\n");

        await server.WaitForLongPollsAsync(FloodedServer.MaxWaiting);
        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task EndlessHeaders_EndTheirConnection()
    {
        var connection = await RawConnection.OpenAsync(server.HttpAddress, Cancel);
        await using (connection)
        {
            await connection.SendTextAsync($"GET /v1/jobs HTTP/1.1\r\n{Host}", Cancel);
            for (var header = 0; header < 1_000; header++)
            {
                await connection.SendTextAsync($"x-{header}: {new string('x', 1_000)}\r\n", Cancel);
            }

            await FloodedServer.AssertEndsAsync(connection);
        }

        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }

    [Fact]
    public async Task ReadersThatNeverRead_DoNotCountAsRunning()
    {
        // HTTP/1.1 has no window: the kernel buffers some megabytes of responses, so each reader requests several.
        const int Readers = FloodedServer.MaxRunning + 8;
        var request = $"GET /v1/jobs/job/results HTTP/1.1\r\n{Host}\r\n";
        await server.SendAsync(
            Readers, string.Concat(Enumerable.Repeat(request, 16)), RawConnection.OpenNarrowAsync);

        await server.WaitForSlowCallsAsync(Readers);
        Assert.InRange(server.MessageBytes, (long)Readers * EchoJobService.LargeBytes, long.MaxValue);
        await server.AssertServesAsync();
        await server.AssertRecoversAsync();
    }
}
