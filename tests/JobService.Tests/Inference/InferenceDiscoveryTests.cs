using System.Net;
using System.Net.Sockets;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Inference;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Inference;

/// <summary>InferenceServices that are found by name.</summary>
public sealed class InferenceDiscoveryTests : IAsyncLifetime
{
    private const string One = "http://10.0.0.1:5201/";
    private const string Two = "http://10.0.0.2:5201/";

    private readonly Dictionary<string, ScriptedInstance> _opened = [];
    private readonly ScriptedResolver _resolver = new();
    private readonly InferencePool _pool;
    private readonly InferenceDiscovery _discovery;

    public InferenceDiscoveryTests()
    {
        var options = Options.Create(new InferenceOptions
        {
            HealthInterval = TimeSpan.FromMilliseconds(1),
            ResolveInterval = TimeSpan.FromSeconds(1),
            Addresses = { new Uri("http://inference:5201") },
        });
        _pool = new InferencePool(
            [], new PipelineDirectory(Path.Combine(RepositoryFiles.Data, "pipelines")), options, TimeProvider.System,
            NullLogger<InferencePool>.Instance);
        _discovery = new InferenceDiscovery(
            _pool, _resolver, Open, options, TimeProvider.System, NullLogger<InferenceDiscovery>.Instance);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _pool.StartAsync(Token);

    public async ValueTask DisposeAsync()
    {
        await _pool.StopAsync(CancellationToken.None);
        _pool.Dispose();
        _discovery.Dispose();
    }

    [Fact]
    public async Task Refresh_NameHasTwoAddresses_EachIsAnInstance()
    {
        await RefreshAsync("10.0.0.1", "10.0.0.2");
        await RefreshAsync("10.0.0.2", "10.0.0.1");

        Assert.Equal([One, Two], _opened.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(2, _pool.KnownCount);
    }

    [Fact]
    public async Task Refresh_AddressAppears_GetsCalls()
    {
        await RefreshAsync("10.0.0.1");
        await RefreshAsync("10.0.0.1", "10.0.0.2");
        _opened[Two].Become(InstanceHealth.Serving);
        await _pool.WaitUntilServingAsync(Token);

        await RunAsync();

        Assert.Single(_opened[Two].Inference.Requests);
    }

    [Fact]
    public async Task Refresh_AddressVanishes_FinishesItsCallAndGetsNoOther()
    {
        await RefreshAsync("10.0.0.1");
        _opened[One].Become(InstanceHealth.Serving);
        await _pool.WaitUntilServingAsync(Token);
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        _opened[One].Inference.OnRun = (_, _, cancellationToken) =>
        {
            begun.SetResult();
            return release.Task.WaitAsync(cancellationToken);
        };
        var call = RunAsync();
        await begun.Task.WaitAsync(Token);

        await RefreshAsync("10.0.0.2");

        Assert.Equal((1, 0), (_pool.KnownCount, _pool.ServingCount));
        await Assert.ThrowsAsync<InferenceFailedException>(RunAsync);
        release.SetResult();
        await call;

        // The next health check notices that no call is left.
        _opened[One].Become(InstanceHealth.Serving);
        await _opened[One].Disposed.WaitAsync(Token);
        Assert.False(_opened[Two].Disposed.IsCompleted, "An instance that the name still has was closed.");
    }

    [Fact]
    public async Task Refresh_NameCannotBeResolved_KeepsTheLastAddresses()
    {
        await RefreshAsync("10.0.0.1");
        _resolver.Failure = new SocketException((int)SocketError.HostNotFound);

        await _discovery.RefreshAsync(Token);

        Assert.Equal(1, _pool.KnownCount);
        Assert.False(_opened[One].Disposed.IsCompleted, "The instance was closed.");
    }

    [Fact]
    public void Addresses_WithoutAnInterval_AreUsedAsTheyAre()
    {
        var options = new InferenceOptions { Addresses = { new Uri("http://inference:5201") } };

        Assert.Empty(InferenceAddress.Names(options));
        Assert.Equal([new InferenceAddress(options.Addresses[0])], InferenceAddress.Fixed(options));
    }

    [Fact]
    public void Addresses_WithAnInterval_AreResolvedUnlessTheyAreIpAddressesOrSockets()
    {
        var options = new InferenceOptions
        {
            ResolveInterval = TimeSpan.FromSeconds(5),
            Addresses =
            {
                new Uri("https://inference:5201"), new Uri("http://10.1.1.1:1"), new Uri("http://[::1]:1"),
                new Uri("unix:/run/inference.sock"),
            },
        };

        Assert.Equal([options.Addresses[0]], InferenceAddress.Names(options));
        Assert.Equal(options.Addresses.Skip(1), InferenceAddress.Fixed(options).Select(each => each.Address));
        var found = InferenceAddress.Of(options.Addresses[0], IPAddress.Parse("fd00::7"));
        Assert.Equal(("https://[fd00::7]:5201/", options.Addresses[0]), (found.Address.ToString(), found.Name));
    }

    private Task RefreshAsync(params string[] addresses)
    {
        _resolver.Addresses = [.. addresses.Select(IPAddress.Parse)];
        return _discovery.RefreshAsync(Token);
    }

    private Task<RunPipelineResponse> RunAsync() => _pool.RunAsync(
        new RunPipelineRequest { Range = new FrameRange { StartFrame = 0, EndFrame = 1 }, FrameStride = 1 }, _ => { },
        Token);

    private ScriptedInstance Open(InferenceAddress address) =>
        _opened[address.Address.ToString()] = new ScriptedInstance(address.Address.ToString());

    private sealed class ScriptedResolver : INameResolver
    {
        public IReadOnlyList<IPAddress> Addresses { get; set; } = [];

        public SocketException? Failure { get; set; }

        public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
        {
            Assert.Equal("inference", host);
            return Failure is null ? Task.FromResult(Addresses) : throw Failure;
        }
    }
}
