using ForegSyte.Measuring;
using ForegSyte.Testing;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.JobBenchmarks.Processes;

/// <summary>
/// The JobService as built, over a data folder, on a free port of the loopback. No InferenceService serves, so jobs
/// that are submitted stay pending.
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

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>A client of it.</summary>
    public Contract.JobServiceClient Client { get; }

    /// <summary>What the process holds in memory now.</summary>
    public ProcessMemory Memory => ProcessMemory.Of(_process.Id);

    /// <summary>From the start of the process until its health was SERVING.</summary>
    public TimeSpan StartTime { get; private set; }

    /// <summary>Starts it and returns when its health is SERVING.</summary>
    /// <param name="dataFolder">Its data folder; it is made where it is missing.</param>
    /// <param name="cancellationToken">Ends the wait, and the process.</param>
    /// <param name="more">Settings beside the usual ones.</param>
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

    /// <summary>Asks it to end (SIGTERM) and returns when it has.</summary>
    public Task StopAsync() => _process.StopAsync();

    /// <summary>Ends it at once (SIGKILL).</summary>
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
