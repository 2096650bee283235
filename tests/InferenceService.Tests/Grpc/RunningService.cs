using ForegSyte.Hosting;
using ForegSyte.Hosting.Health;
using ForegSyte.Inference.Grpc;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Contract = ForegSyte.Inference.V1.InferenceService;

namespace ForegSyte.Inference.Tests.Grpc;

/// <summary>
/// The service as Program.cs builds it, on a free port, with real models and its own folder of videos.
/// </summary>
public sealed class RunningService : IAsyncLifetime
{
    private readonly Dictionary<string, string> _settings;
    private readonly bool _isWarm;
    private WebApplication? _app;

    public RunningService()
        : this([])
    {
    }

    internal RunningService(Dictionary<string, string> settings, bool isWarm = true)
    {
        _settings = settings;
        _isWarm = isWarm;
    }

    internal TemporaryFolder Videos { get; } = new();

    internal GrpcChannel? Channel { get; private set; }

    internal Contract.InferenceServiceClient Client => new(Channel!);

    internal IServiceProvider Services => _app!.Services;

    public async ValueTask InitializeAsync()
    {
        string[] settings =
        [
            "--Listen:Port=0",
            $"--DataDirectory={RepositoryFiles.Data}",
            $"--Video:AllowedRoots:0={Videos.Path}",
            "--Device:Provider=cpu",
            .. _settings.Select(setting => $"--{setting.Key}={setting.Value}"),
        ];
        var builder = WebApplication.CreateBuilder(settings);
        builder.AddForegSyteHost("InferenceService", defaultPort: 5201, Contract.Descriptor);
        builder.AddVideo();
        builder.Services.AddPipelines(builder.Configuration);
        builder.AddInference();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.MapForegSyteHost();
        _app.MapGrpcService<InferenceGrpcService>();
        if (_isWarm)
        {
            // Other tests prove the warm-up; these need not wait for it.
            Services.GetRequiredService<Readiness>().MarkReady();
        }

        await _app.StartAsync();
        Channel = GrpcChannel.ForAddress(_app.Urls.Single());
    }

    public async ValueTask DisposeAsync()
    {
        Channel?.Dispose();
        if (_app is not null)
        {
            // Ends the running calls before the models are disposed, as the host does.
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        Videos.Dispose();
    }

    /// <summary>Disposes without stopping, as the host does if the start fails.</summary>
    internal async Task DropAsync()
    {
        await _app!.DisposeAsync();
        _app = null;
    }

    internal Task StopAsync() => _app!.StopAsync();

    internal RunPipelineRequest Ask(string file, string pipeline = "detect_only") => new()
    {
        Video = new VideoSource { Uri = new Uri(Videos.File(file)).AbsoluteUri },
        PipelineId = pipeline,
        JobId = "job",
        Attempt = 1,
    };

    /// <summary>Awaits the failure of a call and reads its reason.</summary>
    internal static async Task<(ErrorReason Reason, RpcException Failure)> FailureOfAsync<T>(AsyncUnaryCall<T> call)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        return (Refusal.Read(failure).Reason, failure);
    }
}
