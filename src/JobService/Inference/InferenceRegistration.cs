using ForegSyte.Hosting.Configuration;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Inference;

/// <summary>Adds the client of the InferenceService and the pipelines that jobs may ask for.</summary>
internal static class InferenceRegistration
{
    private static readonly TimeSpan KeepAlivePingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan KeepAlivePingTimeout = TimeSpan.FromSeconds(10);

    public static void AddInferenceClient(this IServiceCollection services)
    {
        services.AddCheckedOptions<InferenceOptions>(InferenceOptions.Section)
            .Validate(
                options => options.Address.IsAbsoluteUri && options.Address.Scheme is "http" or "https",
                "Inference:Address has to be an absolute http or https address, for example http://127.0.0.1:5201.");
        services.AddCheckedOptions<PipelineOptions>(PipelineOptions.Section);
        services.AddSingleton(ChannelOf);
        services.AddSingleton(provider =>
            new InferenceService.InferenceServiceClient(provider.GetRequiredService<GrpcChannel>()));
        services.AddSingleton(provider => new Health.HealthClient(provider.GetRequiredService<GrpcChannel>()));
        services.AddSingleton<IInferenceClient, GrpcInferenceClient>();
        services.AddSingleton(provider => new PipelineDirectory(provider.GetRequiredService<DataDirectory>()
            .File(provider.GetRequiredService<IOptions<PipelineOptions>>().Value.Directory)));
    }

    private static GrpcChannel ChannelOf(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<InferenceOptions>>().Value;
        return GrpcChannel.ForAddress(options.Address, new GrpcChannelOptions
        {
            LoggerFactory = provider.GetRequiredService<ILoggerFactory>(),
            MaxReceiveMessageSize = options.MaxResponseBytes,
            Credentials = options.Address.Scheme == Uri.UriSchemeHttps
                ? ChannelCredentials.SecureSsl
                : ChannelCredentials.Insecure,
            HttpHandler = new SocketsHttpHandler
            {
                // A segment may take minutes without a byte; pings tell a dead peer from a busy one.
                KeepAlivePingDelay = KeepAlivePingDelay,
                KeepAlivePingTimeout = KeepAlivePingTimeout,
                EnableMultipleHttp2Connections = true,
            },
        });
    }
}
