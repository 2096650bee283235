using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Limits;
using ForegSyte.Hosting.Security;
using ForegSyte.Inference.RemoteVideos;

namespace ForegSyte.Inference.Grpc;

/// <summary>Registers the gRPC service and its startup.</summary>
internal static class GrpcServiceCollectionExtensions
{
    public static WebApplicationBuilder AddInference(this WebApplicationBuilder builder)
    {
        builder.Services.AddCheckedOptions<GrpcOptions>(GrpcOptions.Section);
        builder.Services.AddFixedLimits(typeof(RequestLimits));
        builder.Services.AddFixedLimits(typeof(RemoteLocations));
        builder.Services.AddRpcRules(InferenceServiceRpcRules.All);
        builder.Services.AddSingleton<CallLimits>();
        builder.Services.AddSingleton<ServerLimits>();
        builder.Services.AddSingleton<SegmentRunner>();
        builder.Services.AddSingleton<FramePictures>();
        builder.Services.AddSingleton<AnnotatedParts>();
        builder.Services.AddSingleton<InferenceGrpcService>();
        builder.Services.AddSingleton<InferenceStartup>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<InferenceStartup>());
        return builder;
    }
}
