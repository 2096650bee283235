using ForegSyte.Client;
using ForegSyte.Client.Calls;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace ForegSyte.Testing;

/// <summary>Both services as real processes on free ports of the loopback, over a data folder of their own.</summary>
public sealed class Installation : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _jobSettings;
    private readonly Dictionary<string, string> _inferenceSettings;
    private ServiceProcess? _jobService;
    private ServiceProcess? _inferenceService;

    /// <summary>Prepares the folder; nothing is started.</summary>
    /// <param name="jobSettings">Settings of the JobService beside the usual ones.</param>
    /// <param name="inferenceSettings">Settings of the InferenceService beside the usual ones.</param>
    public Installation(
        IReadOnlyDictionary<string, string>? jobSettings = null,
        IReadOnlyDictionary<string, string>? inferenceSettings = null)
    {
        Directory.CreateDirectory(Data);
        Directory.CreateDirectory(Inbox);
        _jobSettings = Settings(jobSettings);
        _jobSettings.TryAdd("Submit:AllowedRoots:0", Inbox);
        _inferenceSettings = Settings(inferenceSettings);
        _inferenceSettings.TryAdd("Models:CataloguePath", Path.Combine(RepositoryFiles.Data, "models", "models.json"));
    }

    /// <summary>The data folder of both services.</summary>
    public string Data => _folder.File("data");

    /// <summary>A folder whose files may be submitted by uri.</summary>
    public string Inbox => _folder.File("inbox");

    /// <summary>Where videos and results are stored.</summary>
    public string Storage => Path.Combine(Data, "video_jobs");

    /// <summary>Address of the JobService.</summary>
    public Uri JobAddress { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>Address of the JobService for HTTP with JSON, where its settings have Listen:HttpPort.</summary>
    public Uri HttpAddress { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>Address of the InferenceService.</summary>
    public Uri InferenceAddress { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>Who the caller of both services is, and whom it trusts.</summary>
    public ClientCredentials Credentials { get; init; } = new();

    /// <summary>The running JobService.</summary>
    public ServiceProcess JobService =>
        _jobService ?? throw new InvalidOperationException("The JobService does not run.");

    /// <summary>The running InferenceService.</summary>
    public ServiceProcess InferenceService =>
        _inferenceService ?? throw new InvalidOperationException("The InferenceService does not run.");

    /// <summary>Starts both and returns when both serve.</summary>
    public async Task StartAsync()
    {
        await StartInferenceServiceAsync();
        await StartJobServiceAsync();
    }

    /// <summary>Starts the InferenceService, on the port that it had before if it had one.</summary>
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

    /// <summary>Starts the JobService, on the port that it had before if it had one.</summary>
    public async Task StartJobServiceAsync()
    {
        (_jobService, JobAddress) = await ServiceProcess.StartAsync("JobService", _jobSettings);
        _jobSettings["Listen:Port"] = Invariant(JobAddress.Port);
        if (_jobSettings.ContainsKey("Listen:HttpPort"))
        {
            HttpAddress = await JobService.SecondAddress;
        }

        await WaitUntilServingAsync(JobAddress);
    }

    /// <summary>
    /// Starts a further JobService on the same data and port, which has to wait, has the running one ended, and returns
    /// when the new one serves in its place.
    /// </summary>
    /// <param name="end">Ends the running one.</param>
    /// <returns>The exit code of the one that ended.</returns>
    public async Task<int> TakeTurnsAsync(Func<ServiceProcess, Task> end)
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

    /// <summary>A new client of the JobService.</summary>
    public ForegSyteClient Client() => new(OptionsFor(JobAddress));

    /// <summary>A new client of the JobService whose channel is changed.</summary>
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

        throw new InvalidOperationException($"{address} does not serve.");
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
