using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Connections;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Hosting.Tests.Floods;

/// <summary>
/// A server with low limits, and a well-behaved client that must be served during a flood, on its connection and on new
/// ones.
/// </summary>
public sealed class FloodedServer : IAsyncLifetime
{
    public const int MaxConnections = 1_500;
    public const int MaxSlow = 200;
    public const int MaxRunning = 64;
    public const int MaxWaiting = 500;

    private const string JobId = "job";

    /// <summary>Calls of the well-behaved client.</summary>
    private const int GoodCalls = 20;

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly List<RawConnection> _connections = [];
    private TestServer? _server;

    internal static CancellationToken Cancel => TestContext.Current.CancellationToken;

    internal Uri Address => _server!.Address;

    internal Uri HttpAddress => _server!.HttpAddress;

    internal static byte[] GetJob => new GetJobRequest { JobId = JobId }.ToByteArray();

    internal static byte[] GetResults => new GetJobResultsRequest { JobId = JobId }.ToByteArray();

    internal long MessageBytes => Evictor.MessageBytes;

    internal int Connections => _server!.Services.GetRequiredService<ConnectionTable>().Count;

    private SlowCallEvictor Evictor => _server!.Services.GetRequiredService<SlowCallEvictor>();

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(
        ("Listen:HttpPort", "0"),
        ("Connections:MaxConnections", Text(MaxConnections)),
        ("Connections:DataGrace", "00:05:00"),
        ("Connections:IdleTimeout", "00:00:06"),
        ("Calls:MaxSlow", Text(MaxSlow)),
        ("Calls:MaxRunning", Text(MaxRunning)),
        ("Calls:MaxWaiting", Text(MaxWaiting)));

    public async ValueTask DisposeAsync()
    {
        await CloseAllAsync();
        await _server!.DisposeAsync();
    }

    /// <summary>Opens many connections, a limited number at a time.</summary>
    internal async Task OpenAsync(int count, Func<Task<RawConnection>> open)
    {
        for (var opened = 0; opened < count; opened += 100)
        {
            _connections.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(100, count - opened))
                .Select(_ => open())));
        }
    }

    /// <summary>Opens an HTTP/2 connection; it is closed at the end of the test.</summary>
    internal async Task<RawConnection> GreetAsync(int? windowBytes = null)
    {
        var connection = await RawConnection.GreetAsync(Address, windowBytes, Cancel);
        _connections.Add(connection);
        return connection;
    }

    /// <summary>Opens connections to the HTTP port and sends a text on each.</summary>
    internal async Task SendAsync(
        int count, string text, Func<Uri, CancellationToken, Task<RawConnection>>? open = null) =>
        await OpenAsync(count, async () =>
        {
            var connection = await (open ?? RawConnection.OpenAsync)(HttpAddress, Cancel);
            await connection.SendTextAsync(text, Cancel);
            return connection;
        });

    /// <summary>Waits until at least this many calls are slow.</summary>
    internal Task WaitForSlowCallsAsync(int count) => TestServer.UntilAsync(
        () => Evictor.Count >= count, () => $"{Evictor.Count} calls are slow, not {count}.");

    internal Task WaitForLongPollsAsync(int count) => _server!.WaitForLongPollsAsync(count);

    /// <summary>The client is served, on its connection and on new ones.</summary>
    internal async Task AssertServesAsync()
    {
        for (var call = 0; call < GoodCalls; call++)
        {
            await CallAsync(_server!.Jobs);
            if (call % 5 == 0)
            {
                using var channel = GrpcChannel.ForAddress(Address);
                await CallAsync(new Contract.JobServiceClient(channel));
                using var http = new HttpCaller(HttpAddress);
                var response = await http.GetAsync($"/v1/jobs/{JobId}");
                Assert.Equal(JobId, response.Read<GetJobResponse>().Job.JobId);
            }
        }
    }

    /// <summary>The server closes the connection.</summary>
    internal static async Task AssertEndsAsync(RawConnection connection)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(Timeout);
        await connection.ReadToEndAsync(limit.Token);
    }

    /// <summary>After the flood no connection, slow call or memory remains.</summary>
    internal async Task AssertRecoversAsync()
    {
        await CloseAllAsync();
        await TestServer.UntilAsync(
            () => Connections <= GoodCalls && Evictor.Count == 0 && Evictor.MessageBytes == 0,
            () => $"{Connections} connections, {Evictor.Count} slow calls and {Evictor.MessageBytes} bytes remain.");
        await AssertServesAsync();
    }

    private static async Task CallAsync(Contract.JobServiceClient client)
    {
        var response = await client.GetJobAsync(
            new GetJobRequest { JobId = JobId },
            deadline: TimeProvider.System.GetUtcNow().UtcDateTime + Timeout,
            cancellationToken: Cancel);
        Assert.Equal(JobId, response.Job.JobId);
    }

    private async Task CloseAllAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        _connections.Clear();
    }

    private static string Text(int number) => FormattableString.Invariant($"{number}");
}
