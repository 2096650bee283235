using System.Security.Cryptography;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Tests.Fetching;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Webhooks;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace ForegSyte.Jobs.Tests.Webhooks;

/// <summary>
/// The sender as the service builds it, on a store and its outbox, with a scripted resolver. Receivers are on
/// 127.0.0.1, the only loopback address that is allowed, also under the names hooks.example and slow.example.
/// </summary>
internal sealed class SenderHarness : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority = new();
    private readonly FakeLoggerProvider _log = new();
    private readonly Dictionary<string, string?> _settings;
    private readonly List<int> _ports = [];
    private ServiceProvider? _services;
    private WebhookSender? _sender;

    public SenderHarness(params (string Key, string Value)[] settings)
    {
        File.WriteAllText(_folder.File("authorities.pem"), _authority.RootPem);
        WriteSecrets(Secret);
        _settings = new Dictionary<string, string?>
        {
            ["Webhooks:AllowedHosts:0"] = "127.0.0.1",
            ["Webhooks:AllowedHosts:1"] = "hooks.example",
            ["Webhooks:AllowedHosts:2"] = "slow.example",
            ["Webhooks:AllowedNetworks:0"] = "127.0.0.1/32",
            ["Webhooks:AllowHttp"] = "true",
            ["Webhooks:CertificateAuthorities"] = _folder.File("authorities.pem"),
            ["Webhooks:SecretFile"] = SecretFile,
            ["Webhooks:Timeout"] = "00:02:00",
            ["Webhooks:ConnectTimeout"] = "00:02:00",
            ["Webhooks:FirstDelay"] = "00:00:00.020",
            ["Webhooks:MaxDelay"] = "00:00:00.100",
            ["Webhooks:PollInterval"] = "00:00:00.200",
        };
        foreach (var (key, value) in settings)
        {
            _settings[key] = value;
        }
    }

    /// <summary>The secret of submissions.</summary>
    public static byte[] Secret { get; } = RandomNumberGenerator.GetBytes(32);

    public ScriptedResolver Names { get; } =
        new ScriptedResolver().With("hooks.example", "127.0.0.1").With("slow.example", "127.0.0.1");

    public TestAuthority Authority => _authority;

    public string SecretFile => _folder.File("secrets");

    /// <summary>The log lines.</summary>
    public string Log => string.Join('\n', _log.Collector.GetSnapshot().Select(line => line.ToString()));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Stores a job that ended and whose webhook has an address.</summary>
    public static async Task<JobRecord> AddEndedAsync(IJobStore store, string uri, DateTimeOffset? time = null)
    {
        var job = TestJobs.Pending() with { Webhook = new JobWebhook(uri, OnStart: false, OnEnd: true) };
        return (await store.InsertAsync(JobTransitions.Cancel(job, time ?? TestJobs.Noon), Cancellation)).Job;
    }

    /// <summary>Sets an option. Call it before the start.</summary>
    public void Set(string key, string value) => _settings[key] = value;

    /// <summary>Allows a port. Call it before the start.</summary>
    public void Allow(int port) => _ports.Add(port);

    /// <summary>Writes the file of secrets.</summary>
    public void WriteSecrets(params byte[][] secrets)
    {
        File.WriteAllLines(
            SecretFile, secrets.Select(secret => "whsec_" + Convert.ToBase64String(secret)));
        FileModes.Set(SecretFile, "0600");
    }

    /// <summary>Starts the sender.</summary>
    public async Task StartAsync(IJobStore store, IWebhookOutbox outbox)
    {
        for (var index = 0; index < _ports.Count; index++)
        {
            _settings[FormattableString.Invariant($"Webhooks:AllowedPorts:{index}")] =
                FormattableString.Invariant($"{_ports[index]}");
        }

        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(_log));
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(_settings).Build());
        services.AddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddFetching();
        services.AddWebhooks();
        services.AddSingleton<IHostResolver>(Names);
        services.AddSingleton(CrashPoints.None);
        services.AddSingleton(new Random(1));
        services.AddSingleton(store);
        services.AddSingleton(outbox);
        _services = services.BuildServiceProvider();
        _sender = _services.GetRequiredService<WebhookSender>();
        await _sender.StartAsync(Cancellation);
    }

    /// <summary>Stops the sender as the service does.</summary>
    public Task StopAsync() => _sender!.StopAsync(Cancellation);

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
        {
            await _sender!.StopAsync(CancellationToken.None);
            await _services.DisposeAsync();
        }

        _authority.Dispose();
        _folder.Dispose();
    }
}

/// <summary>Waits for the states of messages.</summary>
internal static class WebhookStates
{
    /// <summary>The only message about a job, as soon as it meets a condition.</summary>
    public static async Task<DeliveryRecord> MessageOfAsync(
        this IWebhookOutbox outbox, JobRecord job, Func<DeliveryRecord, bool> condition) => (await Wait.ForAsync(
            () => outbox.ListAsync(job.JobId, CancellationToken.None),
            messages => messages.Count == 1 && condition(messages[0]), "the message has the expected state"))[0];

    /// <summary>The only message about a job after its delivery.</summary>
    public static Task<DeliveryRecord> DeliveredAsync(this IWebhookOutbox outbox, JobRecord job) =>
        outbox.MessageOfAsync(job, message => message.State == WebhookDeliveryState.Delivered);
}
