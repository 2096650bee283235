using System.Globalization;
using ForegSyte.Jobs.Faults;
using ForegSyte.Testing;
using ForegSyte.Testing.Faults;
using ForegSyte.V1;
using Grpc.Net.Client;

namespace ForegSyte.Faults.Tests;

/// <summary>
/// A JobService that can be killed and restarted over its data folder. Its output covers all its processes.
/// </summary>
internal sealed class RestartableJobService : IJobServiceAccess, IAsyncDisposable
{
    /// <summary>Exit code after SIGKILL: 128 plus the signal number.</summary>
    public const int Killed = 137;

    private readonly TemporaryFolder? _folder;
    private readonly Dictionary<string, string> _settings;
    private readonly List<string> _earlierOutput = [];
    private ServiceProcess? _process;
    private GrpcChannel? _channel;

    /// <summary>Creates the folder; starts nothing.</summary>
    /// <param name="inference">Addresses of the InferenceServices.</param>
    /// <param name="dataFolder">The data folder; null for a temporary one.</param>
    /// <param name="settings">Further settings.</param>
    public RestartableJobService(
        IReadOnlyList<Uri> inference, string? dataFolder = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        _folder = dataFolder is null ? new TemporaryFolder() : null;
        Data = dataFolder ?? _folder!.File("data");
        Directory.CreateDirectory(Data);
        _settings = new Dictionary<string, string>
        {
            ["DataDirectory"] = Data,
            ["Listen:Port"] = "0",
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
            ["Submit:AllowedRoots:0"] = Path.GetDirectoryName(RepositoryFiles.Pedestrians)!,
            ["Dispatch:SegmentFrames"] = JobRequest.SegmentFrames.ToString(CultureInfo.InvariantCulture),
            ["Inference:HealthInterval"] = "00:00:00.050",
            ["Retry:MaxLostAttempts"] = "1000",
            ["Retry:FirstDelay"] = "00:00:00.050",
            ["Retry:MaxDelay"] = "00:00:00.500",
        };
        for (var i = 0; i < inference.Count; i++)
        {
            _settings[$"Inference:Addresses:{i}"] = inference[i].ToString();
        }

        foreach (var (key, value) in settings ?? new Dictionary<string, string>())
        {
            _settings[key] = value;
        }
    }

    /// <summary>The data folder.</summary>
    public string Data { get; }

    /// <summary>Folder of the stored videos and results.</summary>
    public string Storage => Path.Combine(Data, "video_jobs");

    /// <summary>Whether other JobServices can use its store.</summary>
    public bool IsShared => _settings.GetValueOrDefault("Store") == "PostgreSql";

    /// <summary>The running process.</summary>
    public ServiceProcess Process =>
        _process ?? throw new InvalidOperationException("The JobService is not running.");

    /// <inheritdoc />
    public JobService.JobServiceClient Client { get; private set; } = null!;

    /// <summary>Stub of the uploads for the running process.</summary>
    public UploadService.UploadServiceClient Uploads { get; private set; } = null!;

    /// <inheritdoc />
    public string Output => string.Join('\n', [.. _earlierOutput, _process?.Output ?? ""]);

    /// <summary>Starts the service and returns when it listens.</summary>
    /// <param name="crashAt">Point at which it kills itself; null for none.</param>
    /// <param name="passing">Number of the passing of that point.</param>
    /// <param name="command">Optional wrapper, for example strace with its arguments.</param>
    public async Task StartAsync(CrashPoint? crashAt = null, int passing = 1, params string[] command)
    {
        await EndProcessAsync();
        var settings = new Dictionary<string, string>(_settings);
        if (crashAt is { } point)
        {
            settings["Faults:CrashAt"] = point.ToString();
            settings["Faults:CrashAtPassing"] = passing.ToString(CultureInfo.InvariantCulture);
        }

        (_process, var address) = await ServiceProcess.StartAsync("JobService", settings, command);
        _channel = GrpcChannel.ForAddress(address);
        Client = new JobService.JobServiceClient(_channel);
        Uploads = new UploadService.UploadServiceClient(_channel);
    }

    /// <summary>Starts the service, which can reach its crash point during the start.</summary>
    /// <param name="crashAt">Point at which it kills itself; null for none.</param>
    /// <param name="passing">Number of the passing of that point.</param>
    /// <returns>Whether it listens; otherwise it ended at the point.</returns>
    public async Task<bool> TryStartAsync(CrashPoint? crashAt, int passing)
    {
        try
        {
            await StartAsync(crashAt, passing);
            return true;
        }
        catch (ServiceStartException exception) when (crashAt is not null && exception.ExitCode == Killed)
        {
            _earlierOutput.Add(exception.Output);
            return false;
        }
    }

    /// <summary>Kills it (SIGKILL) if it still runs.</summary>
    public async Task KillAsync()
    {
        if (!Process.Exit.IsCompleted)
        {
            await Process.KillAsync();
        }
    }

    /// <summary>Kills it and its wrapper.</summary>
    public Task KillTreeAsync() => Process.KillTreeAsync();

    /// <inheritdoc />
    /// <remarks>The results document and the tracks document.</remarks>
    public async Task<byte[]> ReadResultsAsync(Job job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        return
        [
            .. await File.ReadAllBytesAsync(Path.Combine(Storage, job.JobId + "_results.json"), cancellationToken),
            .. await File.ReadAllBytesAsync(Path.Combine(Storage, job.JobId + "_tracks.json"), cancellationToken),
        ];
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await EndProcessAsync();
        _folder?.Dispose();
    }

    private async Task EndProcessAsync()
    {
        _channel?.Dispose();
        _channel = null;
        if (_process is not null)
        {
            await _process.DisposeAsync();
            _earlierOutput.Add(_process.Output);
            _process = null;
        }
    }
}

/// <summary>An InferenceService that can be killed and restarted on the same port.</summary>
internal sealed class InferenceProcess : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ServiceProcess? _process;
    private int _port;

    /// <summary>Its address, from the first start on.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>The running process.</summary>
    public ServiceProcess Process =>
        _process ?? throw new InvalidOperationException("The InferenceService is not running.");

    /// <summary>Starts or restarts the service and returns when it listens.</summary>
    public async Task StartAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        (_process, Address) = await ServiceProcess.StartAsync("InferenceService", new Dictionary<string, string>
        {
            ["DataDirectory"] = _folder.Path,
            ["Video:AllowedRoots:0"] = Path.GetTempPath(),
            ["Listen:Port"] = _port.ToString(CultureInfo.InvariantCulture),
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
            ["Models:CataloguePath"] = Path.Combine(RepositoryFiles.Data, "models", "models.json"),
        });
        _port = Address.Port;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _folder.Dispose();
    }
}
