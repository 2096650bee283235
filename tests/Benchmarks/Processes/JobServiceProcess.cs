using ForegSyte.Testing;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Benchmarks.Processes;

/// <summary>
/// The JobService as built, on a free port of the loopback. It has no InferenceService, so submitted jobs stay pending.
/// </summary>
internal sealed class JobServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly ServiceProcess _process;
    private readonly GrpcChannel _channel;

    private JobServiceProcess(ServiceProcess process, Uri address, GrpcChannel channel)
    {
        (_process, Address, _channel) = (process, address, channel);
        Client = new Contract.JobServiceClient(channel);
    }

    public int Id => _process.Id;

    public Uri Address { get; }

    public Contract.JobServiceClient Client { get; }

    public ForegSyte.V1.SearchService.SearchServiceClient Search => new(_channel);

    public ProcessMemory Memory => ProcessMemory.Of(_process.Id);

    /// <summary>Time from the start of the process to SERVING.</summary>
    public TimeSpan StartTime { get; private set; }

    /// <summary>Starts the service and returns when its health is SERVING.</summary>
    /// <param name="dataFolder">Its data folder; created if missing.</param>
    /// <param name="cancellationToken">Ends the wait and the process.</param>
    /// <param name="more">Further settings.</param>
    public static async Task<JobServiceProcess> StartAsync(
        string dataFolder, CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? more = null)
    {
        Directory.CreateDirectory(dataFolder);
        var start = TimeProvider.System.GetTimestamp();
        var settings = new Dictionary<string, string>(more ?? new Dictionary<string, string>())
        {
            ["DataDirectory"] = dataFolder,
            ["Listen:Port"] = "0",
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
        };
        var (process, address) = await ServiceProcess.StartAsync("JobService", settings);
        var service = new JobServiceProcess(process, address, GrpcChannel.ForAddress(address));
        try
        {
            await service.WaitUntilServingAsync(cancellationToken);
            service.StartTime = TimeProvider.System.GetElapsedTime(start);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops it (SIGTERM) and returns when it has ended.</summary>
    public Task StopAsync() => _process.StopAsync();

    /// <summary>Kills it (SIGKILL).</summary>
    public Task KillAsync() => _process.KillAsync();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _process.DisposeAsync();
    }

    private async Task WaitUntilServingAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTimeout);
        var health = new Health.HealthClient(_channel);
        while (true)
        {
            try
            {
                var answer = await health.CheckAsync(new HealthCheckRequest(), cancellationToken: limit.Token);
                if (answer.Status == HealthCheckResponse.Types.ServingStatus.Serving)
                {
                    return;
                }
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.Unavailable)
            {
                // Not listening yet.
            }

            await Task.Delay(PollInterval, TimeProvider.System, limit.Token);
        }
    }
}
