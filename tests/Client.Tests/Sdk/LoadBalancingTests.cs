using System.Security.Cryptography.X509Certificates;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk;

/// <summary>One client with several servers on real sockets.</summary>
public sealed class LoadBalancingTests
{
    private const LoadBalancingPolicy RoundRobin = LoadBalancingPolicy.RoundRobin;

    [Fact]
    public async Task Call_RoundRobinOverReplicas_UsesEachInTurn()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        await using var client = first.Connect(options => options with
        {
            Replicas = [second.Address],
            LoadBalancing = RoundRobin,
        });

        await CallUntilAsync(client, () => CallsOf(first) > 0 && CallsOf(second) > 0);
        var (before, beforeSecond) = (CallsOf(first), CallsOf(second));
        await CallAsync(client, times: 20);

        Assert.Equal(10, CallsOf(first) - before);
        Assert.Equal(10, CallsOf(second) - beforeSecond);
    }

    [Fact]
    public async Task Call_PickFirst_FailsOverWhenTheServerStops()
    {
        var first = await StartAsync();
        await using var second = await StartAsync();
        await using var client = new ForegSyteClient(new ForegSyteClientOptions
        {
            Address = first.Address,
            Replicas = [second.Address],
        });

        await CallAsync(client, times: 10);
        Assert.Equal((10, 0), (CallsOf(first), CallsOf(second)));
        await first.DisposeAsync();
        await CallAsync(client, times: 10);

        Assert.Equal((10, 10), (CallsOf(first), CallsOf(second)));
    }

    [Fact]
    public async Task Call_RoundRobinAndOneServerStops_UsesTheOther()
    {
        var first = await StartAsync();
        await using var second = await StartAsync();
        await using var client = new ForegSyteClient(new ForegSyteClientOptions
        {
            Address = first.Address,
            Replicas = [second.Address],
            LoadBalancing = RoundRobin,
        });
        await CallUntilAsync(client, () => CallsOf(first) > 0 && CallsOf(second) > 0);

        await first.DisposeAsync();
        var before = CallsOf(second);
        await CallAsync(client, times: 10);

        Assert.Equal(before + 10, CallsOf(second));
    }

    [Fact]
    public async Task Call_RoundRobinOverDnsNameWithTls_ChecksTheCertificateByTheName()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates(folder.Path);
        var (file, keyFile) = authority.Server();
        using var certificate = X509Certificate2.CreateFromPemFile(file, keyFile);
        await using var server = await StartAsync(certificate: certificate);
        await using var client = server.Connect(options => options with
        {
            Address = new Uri($"https://localhost:{server.Address.Port}"),
            LoadBalancing = RoundRobin,
            Credentials = new ClientCredentials { CaFile = authority.CaFile, ApiKey = "key" },
        });

        await CallAsync(client, times: 2);

        Assert.Equal(2, CallsOf(server));
    }

    [Fact]
    public async Task Call_ReplicasWithTls_TrustsOnlyTheGivenAuthority()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates(folder.Path);
        using var stranger = new TestCertificates(folder.Path, "stranger");
        var (file, keyFile) = authority.Server();
        using var certificate = X509Certificate2.CreateFromPemFile(file, keyFile);
        await using var first = await StartAsync(certificate: certificate);
        await using var second = await StartAsync(certificate: certificate);
        ForegSyteClient Connect(string caFile) => first.Connect(options => options with
        {
            Replicas = [second.Address],
            LoadBalancing = RoundRobin,
            Credentials = new ClientCredentials { CaFile = caFile },
        });
        await using var trusting = Connect(authority.CaFile);
        await using var distrusting = Connect(stranger.CaFile);

        await CallUntilAsync(trusting, () => CallsOf(first) > 0 && CallsOf(second) > 0);
        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => CallAsync(distrusting));

        Assert.Contains("is not from a trusted authority", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_AllServersUnavailable_NamesThemAll()
    {
        await using var client = new ForegSyteClient(new ForegSyteClientOptions
        {
            Address = new Uri("http://127.0.0.1:1"),
            Replicas = [new Uri("http://127.0.0.1:2")],
            TimeProvider = new SkippingTimeProvider(),
        });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => CallAsync(client));

        Assert.Equal(StatusCode.Unavailable, failure.Code);
        Assert.Contains("http://127.0.0.1:1/, http://127.0.0.1:2/", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<ScriptedServer> StartAsync(X509Certificate2? certificate = null)
    {
        var server = await ScriptedServer.StartAsync(certificate: certificate);
        server.Service.Pipelines.Always((_, _) => Task.FromResult(new ListPipelinesResponse()));
        return server;
    }

    private static int CallsOf(ScriptedServer server) => server.Service.Pipelines.Requests.Count;

    private static async Task CallAsync(ForegSyteClient client, int times = 1)
    {
        for (var call = 0; call < times; call++)
        {
            await client.ListPipelinesAsync().ToListAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>
    /// Calls until the condition holds, because the connections are made during the first calls.
    /// </summary>
    private static async Task CallUntilAsync(ForegSyteClient client, Func<bool> isEnough)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Script.TimeLimit);
        while (!isEnough())
        {
            await client.ListPipelinesAsync().ToListAsync(limit.Token);
        }
    }
}
