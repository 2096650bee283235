using System.Security.Cryptography.X509Certificates;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>
/// The fetcher as the service builds it, with a scripted resolver and a certificate authority of the test. The names
/// videos.example and a.cdn.example resolve to 127.0.0.1, the only loopback address that is allowed.
/// </summary>
internal sealed class FetchHarness : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority = new();
    private readonly Dictionary<string, string?> _settings;
    private readonly List<int> _ports = [];
    private ServiceProvider? _services;

    public FetchHarness(params (string Key, string Value)[] settings)
    {
        File.WriteAllText(_folder.File("authorities.pem"), _authority.RootPem);
        _settings = new Dictionary<string, string?>
        {
            ["Sources:AllowedHosts:0"] = "videos.example",
            ["Sources:AllowedHosts:1"] = "*.cdn.example",
            ["Sources:AllowedHosts:2"] = "127.0.0.1",
            ["Sources:AllowedNetworks:0"] = "127.0.0.1/32",
            ["Sources:CertificateAuthorities"] = _folder.File("authorities.pem"),
            ["Sources:ResumeDelay"] = "00:00:00.001",
        };
        foreach (var (key, value) in settings)
        {
            _settings[key] = value;
        }
    }

    public ScriptedResolver Names { get; } =
        new ScriptedResolver().With("videos.example", "127.0.0.1").With("a.cdn.example", "127.0.0.1");

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The sink of the latest fetch.</summary>
    public MemorySink Sink { get; private set; } = new();

    public TestAuthority Authority => _authority;

    public TemporaryFolder Folder => _folder;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public X509Certificate2 Certificate => field ??= _authority.Issue("videos.example", "*.cdn.example", "127.0.0.1");

    public VideoFetcher Fetcher
    {
        get
        {
            _services ??= Build();
            return _services.GetRequiredService<VideoFetcher>();
        }
    }

    /// <summary>Starts a server on 127.0.0.1 and allows its port.</summary>
    public async Task<VideoServer> ServeAsync(Microsoft.AspNetCore.Http.RequestDelegate answer)
    {
        var server = await VideoServer.StartAsync(Certificate);
        server.Answer = answer;
        _ports.Add(server.Port);
        return server;
    }

    public RawServer ServeRaw(Func<Stream, CancellationToken, Task> answer, X509Certificate2? certificate = null)
    {
        var server = new RawServer(certificate ?? Certificate, answer);
        _ports.Add(server.Port);
        return server;
    }

    /// <summary>Sets an option. Call it before the first fetch.</summary>
    public void Set(string key, string value) => _settings[key] = value;

    /// <summary>Allows a port.</summary>
    public void Allow(int port) => _ports.Add(port);

    public async Task<byte[]> FetchAsync(string uri, CancellationToken? cancellationToken = null, string tenant = "")
    {
        Sink = new MemorySink();
        await Fetcher.FetchAsync(Fetcher.Locate(uri), tenant, Sink, cancellationToken ?? Cancellation);
        return Sink.Bytes;
    }

    /// <summary>The error of a fetch that must fail. Checks that it reveals nothing of this machine.</summary>
    public async Task<ServiceException> FailureAsync(string uri)
    {
        var failure = await Assert.ThrowsAsync<ServiceException>(() => FetchAsync(uri));
        var text = failure.Message + string.Join(' ', failure.Metadata.Where(pair => pair.Key != "value"));
        Assert.DoesNotContain("127.0.0", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", text, StringComparison.Ordinal);
        Assert.Equal("uri", failure.Metadata["field"]);
        return failure;
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
        {
            await _services.DisposeAsync();
        }

        _authority.Dispose();
        _folder.Dispose();
    }

    private ServiceProvider Build()
    {
        for (var index = 0; index < _ports.Count; index++)
        {
            _settings[FormattableString.Invariant($"Sources:AllowedPorts:{index}")] =
                FormattableString.Invariant($"{_ports[index]}");
        }

        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(
            new ConfigurationBuilder().AddInMemoryCollection(_settings).Build());
        services.AddSingleton(Time);
        services.AddFetching();
        services.AddSingleton<IHostResolver>(Names);
        return services.BuildServiceProvider();
    }
}
