using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Limits;

namespace ForegSyte.Inference.Grpc;

/// <summary>Adds the service of the contracts and the work of the start.</summary>
internal static class GrpcServiceCollectionExtensions
{
    public static WebApplicationBuilder AddInference(this WebApplicationBuilder builder)
    {
        builder.Services.AddCheckedOptions<GrpcOptions>(GrpcOptions.Section);
        builder.Services.AddFixedLimits(typeof(RequestLimits));
        builder.Services.AddSingleton<CallLimits>();
        builder.Services.AddSingleton<ServiceGauges>();
        builder.Services.AddSingleton<ServerLimits>();
        builder.Services.AddSingleton<SegmentRunner>();
        builder.Services.AddSingleton<InferenceGrpcService>();
        builder.Services.AddSingleton<InferenceStart>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<InferenceStart>());
        return builder;
    }
}
