using System.Globalization;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Errors;

/// <summary>
/// Gives the errors that gRPC itself makes, outside of any handler, the details that every error has: an unknown
/// method, a message that cannot be read, a deadline that passes while the answer is made. Their own text, which may be
/// that of an exception, goes to the log. What fails before a handler is reached is the request's own fault.
/// </summary>
internal sealed class ErrorDetailsMiddleware(RequestDelegate next, ILogger<ErrorDetailsMiddleware> logger)
{
    private const string Ok = "0";

    /// <summary>Runs a call.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        // Errors before the first byte of an answer stand in its headers ("Trailers-Only").
        context.Response.OnStarting(() =>
        {
            Complete(context, context.Response.Headers);
            return Task.CompletedTask;
        });
        await next(context);
        if (context.Features.Get<IHttpResponseTrailersFeature>() is { Trailers: { IsReadOnly: false } trailers })
        {
            Complete(context, trailers);
        }
    }

    private void Complete(HttpContext context, IHeaderDictionary headers)
    {
        var code = headers[ErrorResponse.StatusHeader].ToString();
        if (code is "" or Ok || headers.ContainsKey(ErrorResponse.DetailsHeader))
        {
            return;
        }

        var message = Uri.UnescapeDataString(headers[ErrorResponse.MessageHeader].ToString());
        var status = int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (StatusCode)number
            : StatusCode.Unknown;
        if (Translate(status, context) is not { } failure)
        {
            return;
        }

        logger.LogInformation(
            "{Method} answered {Reason} for {Status}: {Message}",
            context.Request.Path, failure.ReasonText, status, message);
        if (failure.Reason == ErrorReason.Internal)
        {
            logger.LogError(
                "{Method} failed outside of its handler with {Status}: {Message}, error id {ErrorId}",
                context.Request.Path, status, message, failure.Metadata["errorId"]);
        }

        ErrorResponse.Set(headers, failure);
    }

    private static ServiceException? Translate(StatusCode status, HttpContext context) => status switch
    {
        StatusCode.Unimplemented => new ServiceException(
            ErrorReason.Unimplemented,
            "There is no such method here, or its message is packed in a way that this server does not know. It knows "
            + "identity and gzip; reflection lists its methods.")
        {
            Metadata = new Dictionary<string, string> { ["method"] = context.Request.Path.ToString() },
        },
        StatusCode.ResourceExhausted => new ServiceException(
            ErrorReason.MessageTooLarge, "The request is larger than this server takes when it is unpacked."),
        StatusCode.Internal or StatusCode.Unknown when context.Features.Get<HandlerReachedFeature>() is null =>
            new ServiceException(
                ErrorReason.MalformedRequest,
                "The request cannot be read as one message of its type. Make it with stubs of this contract, which "
                + "reflection tells too.")
            {
                Metadata = new Dictionary<string, string> { ["method"] = context.Request.Path.ToString() },
            },
        StatusCode.DeadlineExceeded => new ServiceException(
            ErrorReason.DeadlineExceeded, "The call took longer than its deadline."),
        StatusCode.Cancelled => new ServiceException(ErrorReason.Cancelled, "The call was ended."),
        StatusCode.Internal or StatusCode.Unknown => ErrorInterceptor.Unexpected(Guid.NewGuid().ToString("N")),

        // Part of the protocols of health and reflection, such as NOT_FOUND for a service that is not there.
        _ => null,
    };
}
