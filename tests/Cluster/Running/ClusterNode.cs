using System.Globalization;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Grpc.Net.Client;

namespace ForegSyte.Cluster.Running;

/// <summary>A JobService of a cluster, which keeps its port over restarts.</summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    private readonly Dictionary<string, string> _settings;
    private readonly string[] _wrapper;
    private string _program;
    private readonly GrpcChannel _channel;
    private readonly List<string> _earlierOutput = [];
    private ServiceProcess? _process;
    private double _earlierSeconds;

    /// <param name="name">Its name.</param>
    /// <param name="address">IP address of its port.</param>
    /// <param name="settings">Its other settings.</param>
    /// <param name="wrapper">Command that starts it in another environment; empty for none.</param>
    /// <param name="previousFolder">Checkout of the version that it starts with; null for this version.</param>
    public ClusterNode(
        string name, string address, IReadOnlyDictionary<string, string> settings, string[] wrapper,
        string? previousFolder)
    {
        (Name, _wrapper) = (name, wrapper);
        _program = RepositoryFiles.BuiltAssembly("src/JobService", "ForegSyte.JobService", previousFolder);
        var port = ServerPorts.Free();
        var uri = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{address}:{port}"));
        _settings = new Dictionary<string, string>(settings)
        {
            ["Listen:Address"] = address,
            ["Listen:Port"] = port.ToString(CultureInfo.InvariantCulture),
            ["Node:Name"] = name,
            ["Node:Address"] = uri.GetLeftPart(UriPartial.Authority),
        };
        _channel = GrpcChannel.ForAddress(uri);
        Client = new JobService.JobServiceClient(_channel);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Whether callers can reach it: it runs, and no fault disturbs it.</summary>
    public bool IsReachable { get; private set; }

    /// <summary>Its stub.</summary>
    public JobService.JobServiceClient Client { get; }

    /// <summary>Output of all its processes.</summary>
    public string Output => string.Join('\n', [.. _earlierOutput, _process?.Output ?? ""]);

    /// <summary>Seconds of processor time of its processes.</summary>
    public double ProcessorSeconds => _earlierSeconds
        + (_process is { Exit.IsCompleted: false } process ? ProcessTimes.SecondsOf([process.Id]) : 0);

    private ServiceProcess Process =>
        _process ?? throw new InvalidOperationException($"{Name} is not running.");

    /// <summary>Starts it and returns when it listens.</summary>
    public async Task StartAsync()
    {
        (_process, _) = await ServiceProcess.StartProgramAsync(_settings, [.. _wrapper, "dotnet", _program]);
        IsReachable = true;
    }

    /// <summary>Stops it (SIGTERM); its next start is this version.</summary>
    public async Task StopForUpgradeAsync()
    {
        IsReachable = false;
        _earlierSeconds += ProcessTimes.SecondsOf([Process.Id]);
        var exitCode = await Process.StopAsync();
        await EndAsync();
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"{Name} ended with exit code {exitCode}. Its output:\n{Output}");
        }

        SetCurrentVersion();
    }

    /// <summary>Its next start is this version.</summary>
    public void SetCurrentVersion() =>
        _program = RepositoryFiles.BuiltAssembly("src/JobService", "ForegSyte.JobService");

    /// <summary>Kills it (SIGKILL).</summary>
    public async Task KillAsync()
    {
        IsReachable = false;
        _earlierSeconds += ProcessTimes.SecondsOf([Process.Id]);
        await Process.KillTreeAsync();
        await EndAsync();
    }

    /// <summary>Suspends it (SIGSTOP).</summary>
    public void Freeze()
    {
        IsReachable = false;
        Process.Freeze();
    }

    /// <summary>Resumes it.</summary>
    public void Thaw()
    {
        Process.Thaw();
        IsReachable = true;
    }

    /// <summary>Notes whether callers can reach it, for faults of the network.</summary>
    public void SetReachable(bool isReachable) => IsReachable = isReachable;

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _channel.Dispose();
    }

    private async Task EndAsync()
    {
        IsReachable = false;
        if (_process is not null)
        {
            await _process.DisposeAsync();
            _earlierOutput.Add(_process.Output);
            _process = null;
        }
    }
}
