using System.Globalization;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Errors;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Messages;

/// <summary>
/// Buffers the request message of unary calls and refuses it if it is too large, too slow or exceeds the message
/// memory. Without it, callers would get RESOURCE_EXHAUSTED without details.
/// </summary>
internal sealed class MessageSizeMiddleware(
    RequestDelegate next,
    RequestMessageReader reader,
    SlowCallEvictor evictor,
    IOptions<MessageSizeLimits> limits,
    ILogger<MessageSizeMiddleware> logger)
{
    private static readonly string ResourceExhausted =
        ((int)StatusCode.ResourceExhausted).ToString(CultureInfo.InvariantCulture);

    public async Task InvokeAsync(HttpContext context)
    {
        // Streaming methods (reflection, health) may not send a message at first; waiting for one could last forever.
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not
            { Method: { Type: MethodType.Unary } method })
        {
            await next(context);
            return;
        }

        var limit = limits.Value.Of(method.FullName);
        using var memory = new CallMemory(context, evictor);
        try
        {
            await reader.BufferAsync(context, limit, memory);
        }
        catch (ServiceException error)
        {
            logger.LogInformation(
                "{Method} failed with {Reason}: {Message}", method.FullName, error.ReasonText, error.Message);
            await ErrorResponse.WriteAsync(context.Response, error);
            return;
        }

        await next(context);
        NameDecompressionLimit(context, limit);
        await memory.FlushResponseAsync();
    }

    /// <summary>Adds details to the error of gRPC's decompression limit.</summary>
    private static void NameDecompressionLimit(HttpContext context, MessageSizeLimit limit)
    {
        if (!context.Response.HasStarted
            && context.Features.Get<HandlerReachedFeature>() is null
            && context.Response.Headers[ErrorResponse.StatusHeader] == ResourceExhausted)
        {
            ErrorResponse.Set(context.Response.Headers, RequestMessageReader.TooLargeDecompressed(limit));
        }
    }
}

/// <summary>
/// Registers the limits of <see cref="MessageSizeMiddleware"/>; gRPC's own limit becomes the largest of them.
/// </summary>
internal static class MessagesServiceCollectionExtensions
{
    public static void AddMessageSizeLimits(this IServiceCollection services)
    {
        services.AddOptions<MessageSizeLimits>();
        services.AddSingleton<RequestMessageReader>();
        services.AddOptions<GrpcServiceOptions>().PostConfigure<IOptions<MessageSizeLimits>>(
            (grpc, limits) => grpc.MaxReceiveMessageSize = limits.Value.Largest);
    }
}
