using System.Globalization;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Errors;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Messages;

/// <summary>
/// Lets a call on when its message is there, and answers one whose message is too large, too slow or too much before
/// its bytes cost anything. Without it a caller gets a bare RESOURCE_EXHAUSTED that names no other way.
/// </summary>
internal sealed class MessageSizeMiddleware(
    RequestDelegate next,
    MessageArrival arrival,
    SlowCallEvictor slow,
    IOptions<MessageSizeLimits> limits,
    ILogger<MessageSizeMiddleware> logger)
{
    private static readonly string ResourceExhausted =
        ((int)StatusCode.ResourceExhausted).ToString(CultureInfo.InvariantCulture);

    /// <summary>Lets a request through, or answers it.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        // Streaming methods (reflection, health) may wait for the server to speak first: waiting for their message
        // would be for ever.
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not
            { Method: { Type: MethodType.Unary } method })
        {
            await next(context);
            return;
        }

        var limit = limits.Value.Of(method.FullName);
        using var transfer = new CallTransfer(context, slow);
        try
        {
            await arrival.WaitAsync(context, limit, transfer);
        }
        catch (ServiceException refusal)
        {
            logger.LogInformation(
                "{Method} answered {Reason}: {Message}", method.FullName, refusal.ReasonText, refusal.Message);
            await ErrorResponse.WriteAsync(context.Response, refusal);
            return;
        }

        await next(context);
        NameTheLimitOfUnpacking(context, limit);
        await transfer.LeaveAsync();
    }

    /// <summary>
    /// gRPC stops unpacking at a limit and says no more than that; here it is known what to do.
    /// </summary>
    private static void NameTheLimitOfUnpacking(HttpContext context, MessageSizeLimit limit)
    {
        if (!context.Response.HasStarted
            && context.Features.Get<HandlerReachedFeature>() is null
            && context.Response.Headers[ErrorResponse.StatusHeader] == ResourceExhausted)
        {
            ErrorResponse.Set(context.Response.Headers, MessageArrival.TooLargeUnpacked(limit));
        }
    }
}
