using ForegSyte.Client;
using ForegSyte.Client.Calls;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace ForegSyte.Testing;

/// <summary>Both services as processes on free loopback ports, with a temporary data folder.</summary>
public sealed class Installation : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _jobSettings;
    private readonly Dictionary<string, string> _inferenceSettings;
    private ServiceProcess? _jobService;
    private ServiceProcess? _inferenceService;

    /// <summary>Creates the folders; starts nothing.</summary>
    /// <param name="jobSettings">Further settings of the JobService.</param>
    /// <param name="inferenceSettings">Further settings of the InferenceService.</param>
    public Installation(
        IReadOnlyDictionary<string, string>? jobSettings = null,
        IReadOnlyDictionary<string, string>? inferenceSettings = null)
    {
        Directory.CreateDirectory(Data);
        Directory.CreateDirectory(Inbox);
        _jobSettings = Settings(jobSettings);
        _jobSettings.TryAdd("Submit:AllowedRoots:0", Inbox);

        // Nothing listens there. At the default address, an InferenceService of another checkout could take the jobs.
        _jobSettings.TryAdd("Inference:Addresses:0", "http://127.0.0.1:1");
        _inferenceSettings = Settings(inferenceSettings);
        _inferenceSettings.TryAdd("Models:CataloguePath", Path.Combine(RepositoryFiles.Data, "models", "models.json"));
    }

    /// <summary>The data folder of both services.</summary>
    public string Data => _folder.File("data");

    /// <summary>Folder whose files can be submitted by URI.</summary>
    public string Inbox => _folder.File("inbox");

    /// <summary>Folder of the stored videos and results.</summary>
    public string Storage => Path.Combine(Data, "video_jobs");

    /// <summary>Address of the JobService.</summary>
    public Uri JobAddress { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>Address of the HTTP/JSON gateway; requires the setting Listen:HttpPort.</summary>
    public Uri HttpAddress { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>Address of the InferenceService.</summary>
    public Uri InferenceAddress { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>Credentials of the clients, and the CA that they trust.</summary>
    public ClientCredentials Credentials { get; init; } = new();

    /// <summary>The running JobService.</summary>
    public ServiceProcess JobService =>
        _jobService ?? throw new InvalidOperationException("The JobService is not running.");

    /// <summary>The running InferenceService.</summary>
    public ServiceProcess InferenceService =>
        _inferenceService ?? throw new InvalidOperationException("The InferenceService is not running.");

    /// <summary>Starts both services and returns when both are SERVING.</summary>
    public async Task StartAsync()
    {
        await StartInferenceServiceAsync();
        await StartJobServiceAsync();
    }

    /// <summary>Starts the InferenceService; a restart keeps its port.</summary>
    public async Task StartInferenceServiceAsync()
    {
        (_inferenceService, InferenceAddress) = await ServiceProcess.StartAsync("InferenceService", _inferenceSettings);
        if (_inferenceSettings.TryGetValue("Listen:UnixSocket", out var socket))
        {
            InferenceAddress = new Uri($"unix:{socket}");
        }
        else
        {
            _inferenceSettings["Listen:Port"] = Invariant(InferenceAddress.Port);
        }

        _jobSettings["Inference:Addresses:0"] = InferenceAddress.ToString();
        await WaitUntilServingAsync(InferenceAddress);
    }

    /// <summary>Starts the JobService; a restart keeps its port.</summary>
    /// <param name="more">Further settings of this start, for example a crash point.</param>
    public async Task StartJobServiceAsync(IReadOnlyDictionary<string, string>? more = null)
    {
        var settings = new Dictionary<string, string>(_jobSettings);
        foreach (var (name, value) in more ?? new Dictionary<string, string>())
        {
            settings[name] = value;
        }

        (_jobService, JobAddress) = await ServiceProcess.StartAsync("JobService", settings);
        _jobSettings["Listen:Port"] = Invariant(JobAddress.Port);
        if (_jobSettings.ContainsKey("Listen:HttpPort"))
        {
            HttpAddress = await JobService.SecondAddress;
        }

        await WaitUntilServingAsync(JobAddress);
    }

    /// <summary>
    /// Starts a second JobService on the same data and port, which waits, ends the first one, and returns when the
    /// second one is SERVING.
    /// </summary>
    /// <param name="end">Ends the first one.</param>
    /// <returns>Exit code of the first one.</returns>
    public async Task<int> ReplaceJobServiceAsync(Func<ServiceProcess, Task> end)
    {
        var before = JobService;
        var next = ServiceProcess.Launch("JobService", _jobSettings);
        try
        {
            await next.PrintsAsync("for the previous process");
            await end(before);
            var exitCode = await before.Exit;
            await before.DisposeAsync();
            _jobService = next;
            await next.Address;
            await WaitUntilServingAsync(JobAddress);
            return exitCode;
        }
        catch
        {
            await next.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills the JobService, if it still runs, and starts it again.</summary>
    public async Task RestartJobServiceAsync()
    {
        await JobService.DisposeAsync();
        await StartJobServiceAsync();
    }

    /// <summary>Kills the InferenceService, if it still runs, and starts it again.</summary>
    public Task RestartInferenceServiceAsync() => RestartInferenceServiceAsync([]);

    /// <summary>Restarts the InferenceService with changed settings, which later starts keep.</summary>
    public async Task RestartInferenceServiceAsync(IReadOnlyCollection<(string Key, string Value)> changed)
    {
        foreach (var (key, value) in changed)
        {
            _inferenceSettings[key] = value;
        }

        await InferenceService.DisposeAsync();
        await StartInferenceServiceAsync();
    }

    /// <summary>A new client of the JobService.</summary>
    public ForegSyteClient Client() => new(OptionsFor(JobAddress));

    /// <summary>A new client of the JobService with a configured channel.</summary>
    public ForegSyteClient Client(Action<GrpcChannelOptions> configure) =>
        new(OptionsFor(JobAddress) with { ConfigureChannel = configure });

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var service in new[] { _jobService, _inferenceService })
        {
            if (service is not null)
            {
                await service.DisposeAsync();
            }
        }

        _folder.Dispose();
    }

    private ForegSyteClientOptions OptionsFor(Uri address) => new() { Address = address, Credentials = Credentials };

    private async Task WaitUntilServingAsync(Uri address)
    {
        using var channel = ChannelFactory.Create(OptionsFor(address));
        using var watch = new Health.HealthClient(channel).Watch(
            new HealthCheckRequest(), deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(2));
        while (await watch.ResponseStream.MoveNext(CancellationToken.None))
        {
            if (watch.ResponseStream.Current.Status == HealthCheckResponse.Types.ServingStatus.Serving)
            {
                return;
            }
        }

        throw new InvalidOperationException($"{address} is not SERVING.");
    }

    private static string Invariant(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private Dictionary<string, string> Settings(IReadOnlyDictionary<string, string>? own)
    {
        var settings = new Dictionary<string, string>(own ?? new Dictionary<string, string>());
        settings.TryAdd("DataDirectory", Data);
        if (!settings.ContainsKey("Listen:UnixSocket"))
        {
            settings.TryAdd("Listen:Port", "0");
        }

        settings.TryAdd("Pipelines:Directory", Path.Combine(RepositoryFiles.Data, "pipelines"));
        return settings;
    }
}
