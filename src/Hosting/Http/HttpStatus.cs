using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// The error of a call as HTTP tells it: google.rpc.Status as JSON, and the status code that fits. Pure.
/// </summary>
internal static class HttpStatus
{
    /// <summary>What nginx calls a request whose caller went away; ASP.NET Core has the same.</summary>
    private const int Cancelled = StatusCodes.Status499ClientClosedRequest;

    private static readonly JsonFormatter Formatter = new(
        JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true)
            .WithTypeRegistry(TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor)));

    /// <summary>The error of a call; null where it succeeded or came to no status at all.</summary>
    public static Google.Rpc.Status? ErrorOf(GrpcResponse response)
    {
        var details = response.StatusValue(ErrorResponse.DetailsHeader);
        if (details.Length > 0)
        {
            // Without its padding, as gRPC allows.
            var padded = details.PadRight((details.Length + 3) / 4 * 4, '=');
            return Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(padded));
        }

        return int.TryParse(
                response.StatusValue(ErrorResponse.StatusHeader), NumberStyles.None, CultureInfo.InvariantCulture,
                out var code)
            && code != (int)StatusCode.OK
            ? new Google.Rpc.Status
            {
                Code = code,
                Message = Uri.UnescapeDataString(response.StatusValue(ErrorResponse.MessageHeader)),
            }
            : null;
    }

    /// <summary>The error as JSON.</summary>
    public static string ToJson(Google.Rpc.Status error) => Formatter.Format(error);

    /// <summary>The HTTP status of an error: that which google.rpc.Code has for its code, but for one reason.</summary>
    /// <remarks>A client that repeats by itself after 429 would send the same message again.</remarks>
    public static int CodeOf(Google.Rpc.Status error) => ReasonOf(error) is not ErrorReason.Unspecified and var reason
        ? CodeOf(reason)
        : CodeOf((StatusCode)error.Code);

    /// <summary>The HTTP status of errors with a reason.</summary>
    public static int CodeOf(ErrorReason reason) => reason == ErrorReason.MessageTooLarge
        ? StatusCodes.Status413PayloadTooLarge
        : CodeOf(ErrorReasonTable.Of(reason).Code);

    /// <summary>The HTTP status that google.rpc.Code has for a code.</summary>
    public static int CodeOf(StatusCode code) => code switch
    {
        StatusCode.OK => StatusCodes.Status200OK,
        StatusCode.Cancelled => Cancelled,
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange =>
            StatusCodes.Status400BadRequest,
        StatusCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.AlreadyExists or StatusCode.Aborted => StatusCodes.Status409Conflict,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.Unimplemented => StatusCodes.Status501NotImplemented,
        StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>Seconds after which the caller may come back, rounded up; null where the error does not tell.</summary>
    public static int? RetryAfterOf(Google.Rpc.Status error) =>
        error.GetDetail<RetryInfo>() is { RetryDelay: { } delay }
            ? Math.Max(1, (int)Math.Ceiling(delay.ToTimeSpan().TotalSeconds))
            : null;

    private static ErrorReason ReasonOf(Google.Rpc.Status error) =>
        error.GetDetail<ErrorInfo>() is { } info ? ErrorReasons.Parse(info.Reason) : ErrorReason.Unspecified;
}
