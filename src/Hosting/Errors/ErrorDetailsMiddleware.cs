using System.Globalization;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Errors;

/// <summary>
/// Adds ErrorInfo to errors that gRPC itself returns outside of any handler: an unknown method, an unreadable message,
/// an exceeded deadline. The original text, which may be that of an exception, goes to the log only. A failure before
/// the handler is the fault of the request.
/// </summary>
internal sealed class ErrorDetailsMiddleware(RequestDelegate next, ILogger<ErrorDetailsMiddleware> logger)
{
    private const string Ok = "0";

    public async Task InvokeAsync(HttpContext context)
    {
        // An error before the first byte of the response is in the headers ("Trailers-Only").
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
            "{Method} failed with {Reason} for {Status}: {Message}",
            PathOf(context), failure.ReasonText, status, message);
        if (failure.Reason == ErrorReason.Internal)
        {
            logger.LogError(
                "{Method} failed outside its handler with {Status}: {Message} (error id {ErrorId})",
                PathOf(context), status, message, failure.Metadata["errorId"]);
        }

        ErrorResponse.Set(headers, failure);
    }

    /// <summary>The path in a bounded length: a log line must not be as long as a caller likes.</summary>
    private static string PathOf(HttpContext context) => ServiceException.Shorten(context.Request.Path.Value ?? "");

    private static ServiceException? Translate(StatusCode status, HttpContext context) => status switch
    {
        StatusCode.Unimplemented => new ServiceException(
            ErrorReason.Unimplemented,
            "The method or the compression of the message is not supported. Reflection lists the methods; "
            + "compressions are identity and gzip.")
        {
            Metadata = new Dictionary<string, string> { ["method"] = PathOf(context) },
        },
        StatusCode.ResourceExhausted => new ServiceException(
            ErrorReason.MessageTooLarge, "The decompressed request is too large."),
        StatusCode.Internal or StatusCode.Unknown when context.Features.Get<HandlerReachedFeature>() is null =>
            new ServiceException(
                ErrorReason.MalformedRequest,
                "The request is not a valid message of its type. Send it with stubs generated from this contract, "
                + "which reflection also serves.")
            {
                Metadata = new Dictionary<string, string> { ["method"] = PathOf(context) },
            },
        StatusCode.DeadlineExceeded => new ServiceException(
            ErrorReason.DeadlineExceeded, "The call exceeded its deadline."),
        StatusCode.Cancelled => new ServiceException(ErrorReason.Cancelled, "The call was cancelled."),
        StatusCode.Internal or StatusCode.Unknown => ErrorInterceptor.Unexpected(Guid.NewGuid().ToString("N")),

        // Part of the health and reflection protocols, such as NOT_FOUND for an unknown service.
        _ => null,
    };
}

/// <summary>Writes an error to a response that gRPC has not started.</summary>
internal static class ErrorResponse
{
    public const string StatusHeader = "grpc-status";
    public const string MessageHeader = "grpc-message";
    public const string DetailsHeader = "grpc-status-details-bin";

    /// <summary>
    /// Writes a "Trailers-Only" response: status and details in one header frame that ends the stream.
    /// </summary>
    public static async Task WriteAsync(HttpResponse response, ServiceException failure)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/grpc";
        Set(response.Headers, failure);
        await response.CompleteAsync();
    }

    /// <summary>Sets status, message and details, replacing existing values.</summary>
    public static void Set(IHeaderDictionary headers, ServiceException failure)
    {
        var status = RichStatus.From(failure);
        headers[StatusHeader] = status.Code.ToString(CultureInfo.InvariantCulture);
        headers[MessageHeader] = Uri.EscapeDataString(status.Message);

        // Binary metadata is base64. The specification allows it without padding, and every implementation reads that.
        headers[DetailsHeader] = Convert.ToBase64String(status.ToByteArray()).TrimEnd('=');
    }
}
