using Grpc.AspNetCore.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Messages;

/// <summary>Adds the limits of <see cref="MessageSizeMiddleware"/>; gRPC's limit becomes the largest.</summary>
internal static class MessageSizeServiceCollectionExtensions
{
    public static void AddMessageSizeGate(this IServiceCollection services)
    {
        services.AddOptions<MessageSizeLimits>();
        services.AddSingleton<MessageArrival>();
        services.AddOptions<GrpcServiceOptions>().PostConfigure<IOptions<MessageSizeLimits>>(
            (grpc, limits) => grpc.MaxReceiveMessageSize = limits.Value.Largest);
    }
}
