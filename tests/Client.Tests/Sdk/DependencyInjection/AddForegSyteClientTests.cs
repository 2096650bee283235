using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;

namespace ForegSyte.Client.Tests.Sdk.DependencyInjection;

public sealed class AddForegSyteClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Resolve_Twice_GivesOneClientThatCalls()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Pipelines.Answer(new ListPipelinesResponse { Pipelines = { new Pipeline { Id = "ocr_only" } } });
        var services = new ServiceCollection();
        services.AddForegSyteClient(options => options.Address = server.Address);
        await using var provider = services.BuildServiceProvider();

        var client = provider.GetRequiredService<ForegSyteClient>();

        Assert.Same(client, provider.GetRequiredService<ForegSyteClient>());
        var pipeline = await client.ListPipelinesAsync(cancellationToken: Token).SingleAsync(Token);
        Assert.Equal("ocr_only", pipeline.Id);
    }

    [Fact]
    public async Task Resolve_BoundConfiguration_SetsAllOptions()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("key"), "fgs_a.b", Token);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ForegSyte:Address"] = "https://jobs-1.test:5200",
            ["ForegSyte:Replicas:0"] = "https://jobs-2.test:5200",
            ["ForegSyte:LoadBalancing"] = "RoundRobin",
            ["ForegSyte:ReadDeadline"] = "00:00:07",
            ["ForegSyte:MaxAttempts"] = "2",
            ["ForegSyte:Credentials:ApiKeyFile"] = folder.File("key"),
            ["ForegSyte:Uploads:Parallelism"] = "8",
        });
        builder.Services.AddForegSyteClient(options => options.MaxAttempts = 9).BindConfiguration("ForegSyte");
        using var host = builder.Build();

        await host.StartAsync(Token);

        var options = host.Services.GetRequiredService<IOptions<ForegSyteClientOptions>>().Value;
        Assert.Equal(new Uri("https://jobs-1.test:5200"), options.Address);
        Assert.Equal([new Uri("https://jobs-2.test:5200")], options.Replicas);
        Assert.Equal(LoadBalancingPolicy.RoundRobin, options.LoadBalancing);
        Assert.Equal(TimeSpan.FromSeconds(7), options.ReadDeadline);
        Assert.Equal(2, options.MaxAttempts);
        Assert.Equal(folder.File("key"), options.Credentials.ApiKeyFile);
        Assert.Equal(8, options.Uploads.Parallelism);
        Assert.Equal(options.Address, host.Services.GetRequiredService<ForegSyteClient>().Address);
    }

    [Fact]
    public async Task Start_OptionOutOfRange_FailsAndNamesIt()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddForegSyteClient("night", options => options.MaxAttempts = 0);
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));

        Assert.Contains("The ForegSyte client 'night': MaxAttempts", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_KeyFileMissing_Fails()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddForegSyteClient(options => options.Credentials.ApiKeyFile = "/nowhere/key");
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));

        Assert.Contains("ApiKeyFile '/nowhere/key' cannot be read", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resolve_ByName_EachHasItsOwnSettings()
    {
        var services = new ServiceCollection();
        services.AddForegSyteClient("day", options => options.Address = new Uri("http://day.test"));
        services.AddForegSyteClient("night", options => options.Address = new Uri("http://night.test"));
        await using var provider = services.BuildServiceProvider();

        Assert.Equal("day.test", provider.GetRequiredKeyedService<ForegSyteClient>("day").Address.Host);
        Assert.Equal("night.test", provider.GetRequiredKeyedService<ForegSyteClient>("night").Address.Host);
        Assert.Null(provider.GetService<ForegSyteClient>());
    }

    [Fact]
    public async Task Resolve_KeyFromAnotherService_IsSent()
    {
        await using var server = await ScriptedServer.StartAsync();
        string? key = null;
        server.Service.Pipelines.Do((_, context) =>
        {
            key = context.RequestHeaders.GetValue("x-api-key");
            return Task.FromResult(new ListPipelinesResponse());
        });
        var services = new ServiceCollection();
        services.AddSingleton(new Vault("fgs_a.b"));
        services.AddForegSyteClient(options => options.Address = server.Address)
            .Configure<Vault>((options, vault) => options.Credentials.ApiKeyProvider = vault.ReadAsync);
        await using var provider = services.BuildServiceProvider();

        await provider.GetRequiredService<ForegSyteClient>()
            .ListPipelinesAsync(cancellationToken: Token)
            .ToListAsync(Token);

        Assert.Equal("fgs_a.b", key);
    }

    [Fact]
    public async Task Call_ApplicationLogs_ContainTheCallAndNoKey()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Pipelines.Answer(new ListPipelinesResponse());
        using var log = new FakeLoggerProvider();
        using var loggers = log.ToFactory();
        var services = new ServiceCollection();
        services.AddSingleton(loggers);
        services.AddForegSyteClient(options =>
        {
            options.Address = server.Address;
            options.Credentials.ApiKey = "fgs_a.secret";
        });
        await using var provider = services.BuildServiceProvider();

        await provider.GetRequiredService<ForegSyteClient>()
            .ListPipelinesAsync(cancellationToken: Token)
            .ToListAsync(Token);

        Assert.Contains(log.Texts(), line => line.Contains("ListPipelines", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Texts(), line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Dispose_SynchronousProvider_ClosesTheClient()
    {
        var services = new ServiceCollection();
        services.AddForegSyteClient();
        var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<ForegSyteClient>();

        provider.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetServerInfoAsync(cancellationToken: Token));
    }

    [Fact]
    public async Task Call_OptionsChangedLater_HaveNoEffect()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Pipelines.Fail(Failures.Unavailable).Answer(new ListPipelinesResponse());
        var options = new ForegSyteClientOptions
        {
            Address = server.Address,
            TimeProvider = new SkippingTimeProvider(),
        };
        await using var client = new ForegSyteClient(options);

        options.MaxAttempts = 1;
        options.Credentials.ApiKey = "two words";

        Assert.Empty(await client.ListPipelinesAsync(cancellationToken: Token).ToListAsync(Token));
    }

    private sealed class Vault(string key)
    {
        public ValueTask<string> ReadAsync(CancellationToken cancellationToken) => ValueTask.FromResult(key);
    }
}
