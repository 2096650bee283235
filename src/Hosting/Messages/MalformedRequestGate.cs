using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Messages;

/// <summary>
/// Answers a request that gRPC cannot read with MALFORMED_REQUEST, and one that unpacks past the limit with
/// MESSAGE_TOO_LARGE. Without it such a caller is told UNKNOWN or INTERNAL, "Exception was thrown by handler", as if
/// the service had failed.
/// </summary>
/// <remarks>
/// gRPC reads the message before the first interceptor: a call of a unary method that ended and never came as far as
/// <see cref="ErrorInterceptor"/>, which gives every other failure its reason, could not be read. That is so for bytes
/// that are no message of the type, for a frame that ends early, and for one with bytes after it.
/// </remarks>
public sealed class MalformedRequestGate(
    RequestDelegate next, IOptions<MessageSizeLimits> limits, ILogger<MalformedRequestGate> logger)
{
    /// <summary>Lets the call run, and changes its answer where its request could not be read.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is { Method.Type: MethodType.Unary } grpc
            && context.Features.Get<IServerCallContextFeature>()?.ServerCallContext is { } call
            && !ErrorInterceptor.WasReachedBy(context)
            && !context.Response.HasStarted
            && Refusal(call.Status.StatusCode, grpc.Method) is { } refusal)
        {
            logger.LogInformation("{Method} was sent a request that cannot be read: {Reason}",
                grpc.Method.FullName, refusal.ReasonText);
            await TrailersOnly.AnswerAsync(context.Response, refusal);
        }
    }

    private ServiceException? Refusal(StatusCode code, IMethod method) => code switch
    {
        StatusCode.Unknown or StatusCode.Internal => Malformed(method),
        StatusCode.ResourceExhausted => TooLarge(limits.Value.Of(method.FullName)),
        _ => null,
    };

    private static ServiceException Malformed(IMethod method) =>
        new(
            ErrorReason.MalformedRequest,
            $"The request is no message that {method.FullName} takes. Make the client from the protos of this server, "
            + "which its reflection also tells.")
        {
            Metadata = new Dictionary<string, string> { ["method"] = method.FullName },
        };

    private static ServiceException TooLarge(MessageSizeLimit limit)
    {
        var bytes = limit.MaxBytes.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.MessageTooLarge, $"The request unpacks to more than {bytes} bytes. {limit.WhatToDo}")
        {
            Metadata = new Dictionary<string, string> { ["limitBytes"] = bytes },
        };
    }
}
