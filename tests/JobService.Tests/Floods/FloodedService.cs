using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Connections;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Http;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Floods;

/// <summary>
/// A JobService with small limits, a job with large results, and a caller who behaves: he has to be answered whatever
/// others do, on the connection that he has and on new ones.
/// </summary>
public sealed class FloodedService : IAsyncLifetime
{
    public const int MaxConnections = 1_500;
    public const int MaxSlow = 200;
    public const int MaxRunning = 64;
    public const int MaxWaiting = 500;

    /// <summary>Answers that a good caller gets while others flood.</summary>
    private const int GoodCalls = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Much more than Kestrel takes of an answer that is not read, 64 KiB.</summary>
    public const int LargeBytes = 512 * 1024;

    private readonly List<RawConnection> _connections = [];
    private readonly ScriptedInference _inference = new() { Change = MakeLarge };
    private RunningJobService? _service;

    internal static CancellationToken Cancel => TestContext.Current.CancellationToken;

    internal Uri Address => _service!.Address;

    internal Uri HttpAddress => _service!.HttpAddress;

    internal string JobId { get; private set; } = "";

    internal byte[] GetJob => new GetJobRequest { JobId = JobId }.ToByteArray();

    internal byte[] GetResults => new GetJobResultsRequest { JobId = JobId }.ToByteArray();

    internal long MessageBytes => Slow.MessageBytes;

    internal int Connections => _service!.Services.GetRequiredService<ConnectionTable>().Count;

    private SlowCallEvictor Slow => _service!.Services.GetRequiredService<SlowCallEvictor>();

    public async ValueTask InitializeAsync()
    {
        _service = await RunningJobService.StartAsync(
            _inference,
            ("Listen:HttpPort", "0"),
            ("Connections:MaxConnections", Text(MaxConnections)),
            ("Connections:DataGrace", "00:05:00"),
            ("Connections:IdleTimeout", "00:00:06"),
            ("Calls:MaxSlow", Text(MaxSlow)),
            ("Calls:MaxRunning", Text(MaxRunning)),
            ("Calls:MaxWaiting", Text(MaxWaiting)));
        var job = await _service.SubmitAsync();
        await _service.GetWhenAsync(job.JobId, seen => seen.Status == JobStatus.Completed);
        JobId = job.JobId;
        var page = await _service.Client.GetJobResultsAsync(new() { JobId = JobId }, cancellationToken: Cancel);
        Assert.True(page.CalculateSize() > LargeBytes, $"A page has {page.CalculateSize()} bytes.");
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAllAsync();
        await _service!.DisposeAsync();
    }

    /// <summary>Opens many connections, a bounded number at a time.</summary>
    internal async Task OpenAsync(int count, Func<Task<RawConnection>> open)
    {
        for (var opened = 0; opened < count; opened += 100)
        {
            _connections.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(100, count - opened))
                .Select(_ => open())));
        }
    }

    /// <summary>A connection that may make calls; closed at the end of the test.</summary>
    internal async Task<RawConnection> GreetAsync(int? windowBytes = null)
    {
        var connection = await RawConnection.GreetAsync(Address, windowBytes, Cancel);
        _connections.Add(connection);
        return connection;
    }

    /// <summary>Opens connections to the port for HTTP and says the same on each.</summary>
    internal async Task SayAsync(
        int count, string text, Func<Uri, CancellationToken, Task<RawConnection>>? open = null) =>
        await OpenAsync(count, async () =>
        {
            var connection = await (open ?? RawConnection.OpenAsync)(HttpAddress, Cancel);
            await connection.SendTextAsync(text, Cancel);
            return connection;
        });

    /// <summary>A job that stays as it is while the tests run.</summary>
    internal async Task<string> PendingJobAsync()
    {
        _inference.Serving = cancellationToken => Task.Delay(Timeout.Infinite, cancellationToken);
        return (await _service!.SubmitAsync()).JobId;
    }

    internal async Task<string> EtagOfAsync(string jobId) => (await _service!.GetAsync(jobId)).Etag;

    /// <summary>Returns when at least so many calls wait for their callers: the flood is there.</summary>
    internal async Task WaitForSlowCallsAsync(int count)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (Slow.Count < count)
        {
            Assert.False(limit.IsCancellationRequested, $"Only {Slow.Count} calls are slow, not {count}.");
            await Task.Delay(20, Cancel);
        }
    }

    internal Task WaitForWaitingCallsAsync(int count) => _service!.WaitForWaitingCallsAsync(count);

    /// <summary>The good caller is answered, on his connection and on a new one for each of some calls.</summary>
    internal async Task AssertServesAsync()
    {
        for (var call = 0; call < GoodCalls; call++)
        {
            await AskAsync(_service!.Client);
            if (call % 5 == 0)
            {
                using var channel = GrpcChannel.ForAddress(Address);
                await AskAsync(new Contract.JobServiceClient(channel));
                using var http = new HttpCaller(HttpAddress);
                var answer = await http.GetAsync($"/v1/jobs/{JobId}");
                Assert.Equal(JobId, answer.Read<GetJobResponse>().Job.JobId);
            }
        }
    }

    /// <summary>The service ends the connection.</summary>
    internal static async Task AssertEndsAsync(RawConnection connection)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(Patience);
        await connection.ReadToEndAsync(limit.Token);
    }

    /// <summary>The flood is over and has left nothing behind.</summary>
    internal async Task AssertRecoversAsync()
    {
        await CloseAllAsync();
        using var limit = new CancellationTokenSource(Patience);
        while (Connections > GoodCalls || Slow.Count > 0 || Slow.MessageBytes > 0)
        {
            Assert.False(
                limit.IsCancellationRequested,
                $"{Connections} connections, {Slow.Count} slow calls, {Slow.MessageBytes} bytes are left.");
            await Task.Delay(20, Cancel);
        }

        await AssertServesAsync();
    }

    private async Task AskAsync(Contract.JobServiceClient client)
    {
        var answer = await client.GetJobAsync(
            new GetJobRequest { JobId = JobId },
            deadline: TimeProvider.System.GetUtcNow().UtcDateTime + Patience,
            cancellationToken: Cancel);
        Assert.Equal(JobId, answer.Job.JobId);
    }

    private async Task CloseAllAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        _connections.Clear();
    }

    /// <summary>About 1 MiB of results in all: more than Kestrel keeps for a reader that does not read.</summary>
    private static void MakeLarge(RunPipelineRequest request, RunPipelineResponse response)
    {
        foreach (var frame in response.Results)
        {
            frame.Result.Text = new string('x', 10_000);
        }
    }

    private static string Text(int number) => FormattableString.Invariant($"{number}");
}
