using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Connections;
using ForegSyte.Hosting.Health;
using ForegSyte.Hosting.Security;
using ForegSyte.Testing;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using InferenceContract = ForegSyte.Inference.V1.InferenceService;
using JobContract = ForegSyte.V1.JobService;

namespace ForegSyte.Hosting.Tests;

/// <summary>A host with echo services on a free port.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    /// <summary>Pseudo-setting: no TCP port for gRPC.</summary>
    public const string NoPort = "";

    private static readonly Dictionary<string, RpcRule> Rules = new()
    {
        ["/foregsyte.v1.JobService/SubmitVideo"] = RpcRule.Change,
        ["/foregsyte.v1.JobService/GetJob"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/WaitJob"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/ListJobs"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/UpdateJob"] = RpcRule.Change,
        ["/foregsyte.v1.JobService/CancelJob"] = RpcRule.Change,
        ["/foregsyte.v1.JobService/DeleteJob"] = RpcRule.Change,
        ["/foregsyte.v1.JobService/GetJobResults"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/ListPipelines"] = RpcRule.Read,
    };

    private readonly TemporaryFolder _folder = new();
    private readonly WebApplication _app;
    private GrpcChannel? _channel;

    private TestServer(Action<IServiceCollection> configure, (string Key, string Value)[] settings)
    {
        var builder = ForegSyteHost.CreateBuilder(
        [
            .. settings.Any(setting => setting.Key == NoPort) ? Array.Empty<string>() : ["--Listen:Port=0"],
            $"--DataDirectory={_folder.Path}",
            .. settings.Where(setting => setting.Key != NoPort).Select(setting => $"--{setting.Key}={setting.Value}"),
        ]);
        builder.AddForegSyteHost("Test", defaultPort: 0, JobContract.Descriptor, InferenceContract.Descriptor);
        builder.Services.AddRpcRules(Rules);
        builder.Services.AddSingleton<EchoJobService>();
        configure(builder.Services);
        builder.Logging.ClearProviders();
        builder.Logging.AddFakeLogging();
        _app = builder.Build();
        _app.MapForegSyteHost();
        _app.MapGrpcService<EchoJobService>();
        _app.MapGrpcService<EchoInferenceService>();
        Services.GetRequiredService<Readiness>().MarkReady();
    }

    public GrpcChannel Channel => _channel!;

    public JobContract.JobServiceClient Jobs => new(_channel!);

    public InferenceContract.InferenceServiceClient Inference => new(_channel!);

    public EchoJobService JobService => Services.GetRequiredService<EchoJobService>();

    public ICollection<string> Urls => _app.Urls;

    /// <summary>Address for gRPC.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>Address for HTTP with JSON, if configured.</summary>
    public Uri HttpAddress => new(_app.Urls.ElementAt(1));

    /// <summary>Address of the last endpoint, such as the health or metrics port.</summary>
    public Uri LastAddress => new(_app.Urls.Last());

    public IServiceProvider Services => _app.Services;

    public ConcurrencyLimitInterceptor Limits => Services.GetRequiredService<ConcurrencyLimitInterceptor>();

    public FakeLogCollector Log => Services.GetFakeLogCollector();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Task<TestServer> StartAsync(params (string Key, string Value)[] settings) =>
        StartAsync(_ => { }, settings);

    public static async Task<TestServer> StartAsync(
        Action<IServiceCollection> configure, params (string Key, string Value)[] settings)
    {
        var server = new TestServer(configure, settings);
        try
        {
            await server._app.StartAsync(Cancellation);
        }
        catch
        {
            await server._app.DisposeAsync();
            server._folder.Dispose();
            throw;
        }

        server._channel = GrpcChannel.ForAddress(server.Address);
        return server;
    }

    public Task WaitForLongPollsAsync(int count) =>
        UntilAsync(() => Limits.LongPolls == count, () => $"{Limits.LongPolls} long polls are running, not {count}.");

    public Task WaitForConnectionsAsync(int count)
    {
        var table = Services.GetRequiredService<ConnectionTable>();
        return UntilAsync(() => table.Count == count, () => $"{table.Count} connections are open, not {count}.");
    }

    /// <summary>Waits for a condition.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="problem">What is wrong if it does not come true in time.</param>
    public static Task UntilAsync(Func<bool> condition, Func<string> problem) =>
        Wait.UntilNoneAsync(() => condition() ? null : problem(), "the server reaches the expected state");

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _folder.Dispose();
    }
}
