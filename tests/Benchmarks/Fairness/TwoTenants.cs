using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace ForegSyte.Benchmarks.Fairness;

/// <summary>
/// Both services on random ports with a new data folder, an audit log, and API keys of two tenants and an admin. All
/// other settings are the defaults.
/// </summary>
internal sealed class TwoTenants : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly Installation _installation;
    private readonly string _adminKey;

    private TwoTenants(TemporaryFolder folder, SourceServer source)
    {
        _folder = folder;
        var (honest, hostile, admin) = (
            NewApiKey.Make("honest", "honest", ["submit", "read"], expiresAt: null),
            NewApiKey.Make("hostile", "hostile", ["submit", "read"], expiresAt: null),
            NewApiKey.Make("admin", "operations", ["admin"], expiresAt: null));
        (HonestKey, HostileKey, _adminKey) = (honest.Key.Reveal(), hostile.Key.Reveal(), admin.Key.Reveal());
        var keys = folder.File("keys.json");
        AccessSetup.WriteKeys(keys, [honest, hostile, admin]);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(keys, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        AuditFolder = Directory.CreateDirectory(folder.File("audit")).FullName;
        var settings = new Dictionary<string, string>
        {
            ["Security:ApiKeysFile"] = keys,
            ["Audit:File"] = Path.Combine(AuditFolder, "audit.jsonl"),
            ["Listen:HttpPort"] = "0",
        };
        foreach (var (key, value) in source.Settings)
        {
            settings[key] = value;
        }

        _installation = new Installation(settings);
    }

    public string HonestKey { get; }

    public string HostileKey { get; }

    /// <summary>Folder of the audit log.</summary>
    public string AuditFolder { get; }

    public Uri JobAddress => _installation.JobAddress;

    public Uri HttpAddress => _installation.HttpAddress;

    public string DataFolder => _installation.Data;

    public ServiceProcess JobService => _installation.JobService;

    public ServiceProcess InferenceService => _installation.InferenceService;

    /// <summary>Starts the services.</summary>
    public static async Task<TwoTenants> StartAsync(SourceServer source)
    {
        var services = new TwoTenants(new TemporaryFolder(), source);
        try
        {
            await services._installation.StartAsync();
            return services;
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }
    }

    /// <summary>A new channel to the JobService.</summary>
    public GrpcChannel Channel() => GrpcChannel.ForAddress(JobAddress, new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false },
        DisposeHttpClient = true,
    });

    /// <summary>Adds a key to the metadata of a call.</summary>
    public Func<Metadata, Metadata> WithKey(string key) => metadata =>
    {
        metadata.Add("x-api-key", key);
        return metadata;
    };

    /// <summary>The admin deletes a terminal job.</summary>
    public async Task DeleteJobAsync(string jobId, CancellationToken cancellationToken)
    {
        using var channel = Channel();
        await Admin(channel).DeleteJobAsync(
            new DeleteJobRequest { JobId = jobId }, cancellationToken: cancellationToken);
    }

    /// <summary>The admin cancels the running jobs.</summary>
    public async Task CancelRunningJobsAsync(CancellationToken cancellationToken)
    {
        using var channel = Channel();
        var admin = Admin(channel);
        var running = await admin.ListJobsAsync(
            new ListJobsRequest { Filter = "status = RUNNING" }, cancellationToken: cancellationToken);
        foreach (var job in running.Jobs)
        {
            await admin.CancelJobAsync(
                new CancelJobRequest { JobId = job.JobId }, cancellationToken: cancellationToken);
        }
    }

    /// <summary>Whether the audit log still has the deletion of a job.</summary>
    public bool AuditHasDeletion(string jobId) => Directory.EnumerateFiles(AuditFolder)
        .SelectMany(File.ReadLines)
        .Any(line => line.Contains(jobId, StringComparison.Ordinal)
            && line.Contains("DeleteJob", StringComparison.Ordinal));

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _installation.DisposeAsync();
        _folder.Dispose();
    }

    private JobService.JobServiceClient Admin(GrpcChannel channel) => new(channel.Intercept(WithKey(_adminKey)));
}
