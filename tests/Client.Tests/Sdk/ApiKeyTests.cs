using System.Collections.Concurrent;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Client.Tests.Sdk;

/// <summary>The sources of the API key, and that the key never leaks.</summary>
public sealed class ApiKeyTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _keys = new();
    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedServer.StartAsync();
        _server.Service.Pipelines.Always((_, context) =>
        {
            _keys.Enqueue(context.RequestHeaders.GetValue("x-api-key") ?? "none");
            return Task.FromResult(new ListPipelinesResponse());
        });
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Call_ApiKeyFileReplaced_UsesTheNewKeySecondsLater()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, "old\n");
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var client = Connect(new ClientCredentials { ApiKeyFile = path }, clock);

        await CallAsync(client);
        Write(folder, "new");
        await CallAsync(client);
        clock.Advance(TimeSpan.FromSeconds(5));
        await CallAsync(client);
        File.Delete(path);
        clock.Advance(TimeSpan.FromSeconds(5));
        await CallAsync(client);

        Assert.Equal(["old", "old", "new", "new"], _keys);
    }

    [Fact]
    public async Task Call_ApiKeyFileReplacedAndClockSetBack_UsesTheNewKeySecondsLater()
    {
        using var folder = new TemporaryFolder();
        var clock = new AdjustableClock();
        await using var client = Connect(new ClientCredentials { ApiKeyFile = Write(folder, "old") }, clock);

        Write(folder, "new");
        clock.SetBack = TimeSpan.FromSeconds(10);
        clock.Advance(TimeSpan.FromSeconds(5));
        await CallAsync(client);

        Assert.Equal(["new"], _keys);
    }

    [Fact]
    public async Task Call_ApiKeyProvider_IsCalledEachTime()
    {
        var count = 0;
        await using var client = Connect(new ClientCredentials
        {
            ApiKeyProvider = _ => ValueTask.FromResult($"key-{++count}"),
        });

        await CallAsync(client);
        await CallAsync(client);

        Assert.Equal(["key-1", "key-2"], _keys);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two secret words")]
    [InlineData("secret\r\nx-admin: 1")]
    public async Task Call_ProviderReturnsMalformedKey_FailsWithoutACallAndHidesTheKey(string given)
    {
        await using var client = Connect(new ClientCredentials { ApiKeyProvider = _ => ValueTask.FromResult(given) });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => CallAsync(client));

        Assert.Equal(StatusCode.Unauthenticated, failure.Code);
        Assert.Contains("ApiKeyProvider returned a malformed key or token", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.ToString(), StringComparison.Ordinal);
        Assert.Empty(_keys);
    }

    [Fact]
    public async Task Call_ProviderFails_FailsOnceWithTheReason()
    {
        var asked = 0;
        await using var client = Connect(new ClientCredentials
        {
            BearerToken = _ =>
            {
                asked++;
                throw new InvalidOperationException("The vault is sealed.");
            },
        });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => CallAsync(client));

        Assert.Equal(StatusCode.Unauthenticated, failure.Code);
        Assert.Contains("BearerToken failed: The vault is sealed.", failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task Call_SlowProvider_IsBoundedByTheDeadline()
    {
        await using var client = new ForegSyteClient(new ForegSyteClientOptions
        {
            Address = _server.Address,
            ReadDeadline = TimeSpan.FromMilliseconds(50),
            Credentials = new ClientCredentials
            {
                ApiKeyProvider = async token =>
                {
                    await Task.Delay(Timeout.Infinite, token);
                    return "never";
                },
            },
        });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => CallAsync(client));

        Assert.Equal(StatusCode.DeadlineExceeded, failure.Code);
    }

    [Fact]
    public async Task Call_Logs_ContainNoKey()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, "fgs_a.secret");
        using var log = new FakeLoggerProvider();
        using var loggers = log.ToFactory();
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var client = Connect(new ClientCredentials { ApiKeyFile = path }, clock, loggers);

        await CallAsync(client);
        Write(folder, "another secret");
        clock.Advance(TimeSpan.FromSeconds(5));
        await CallAsync(client);

        Assert.Equal(["fgs_a.secret", "fgs_a.secret"], _keys);
        Assert.Contains(log.Texts(), line => line.Contains("has no API key", StringComparison.Ordinal));
        Assert.Contains(log.Texts(), line => line.Contains("ListPipelines", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Texts(), line => line.Contains("secret", StringComparison.Ordinal));
    }

    private static async Task CallAsync(ForegSyteClient client) =>
        await client.ListPipelinesAsync().ToListAsync(TestContext.Current.CancellationToken);

    private static string Write(TemporaryFolder folder, string key)
    {
        File.WriteAllText(folder.File("key"), key);
        return folder.File("key");
    }

    private ForegSyteClient Connect(
        ClientCredentials credentials, TimeProvider? clock = null, ILoggerFactory? loggers = null) =>
        _server.Connect(options => options with
        {
            Credentials = credentials,
            TimeProvider = clock ?? options.TimeProvider,
            LoggerFactory = loggers,
        });

    /// <summary>A clock whose wall-clock time can be set back; its timestamps still increase.</summary>
    private sealed class AdjustableClock() : FakeTimeProvider(System.GetUtcNow())
    {
        public TimeSpan SetBack { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - SetBack;

        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }
}
