using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.Protocol.Tracing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ForegSyte.Hosting.Http;

/// <summary>Writes JSON responses.</summary>
internal sealed class JsonResponseWriter(SlowCallEvictor evictor)
{
    private const string Json = "application/json";

    /// <summary>
    /// Writes a response. A large response counts against the message memory, and its reader against the slow calls,
    /// until it is sent.
    /// </summary>
    public async Task WriteAsync(HttpContext context, int status, string json)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = Json;
        response.ContentLength = Encoding.UTF8.GetByteCount(json);

        // Responses are private and change; browsers must not sniff another content type.
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        using var memory = new CallMemory(context, evictor);
        Encoding.UTF8.GetBytes(json, response.BodyWriter);
        await memory.FlushResponseAsync();
    }

    /// <summary>Writes an error.</summary>
    /// <param name="context">The request.</param>
    /// <param name="error">The error.</param>
    /// <param name="status">HTTP status, if it differs from that of the code.</param>
    public Task WriteErrorAsync(HttpContext context, Google.Rpc.Status error, int? status = null)
    {
        var headers = context.Response.Headers;
        if (HttpStatus.RetryAfterOf(error) is { } seconds)
        {
            headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (error.Code == (int)StatusCode.Unauthenticated)
        {
            headers[HeaderNames.WWWAuthenticate] = "Bearer";
        }

        var code = status ?? HttpStatus.CodeOf(error);
        return WriteAsync(context, code, HttpStatus.ToJson(error, code));
    }
}

/// <summary>Maps errors of calls to HTTP: the JSON of AIP-193 and the HTTP status code.</summary>
internal static class HttpStatus
{
    /// <summary>nginx's status code for a client that disconnected.</summary>
    private const int Cancelled = StatusCodes.Status499ClientClosedRequest;

    /// <summary>Unlike the formatter of responses it leaves out empty fields, of which details have many.</summary>
    private static readonly JsonFormatter Details = new(
        JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true)
            .WithTypeRegistry(ForegSyteJson.ErrorDetails));

    // Messages have quotes and apostrophes, which the default encoder writes as codes.
    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The error of a call; null if it succeeded or ended without a status.</summary>
    public static Google.Rpc.Status? ErrorOf(GrpcResponse response)
    {
        var details = response.StatusValue(ErrorResponse.DetailsHeader);
        if (details.Length > 0)
        {
            // gRPC allows base64 without padding.
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

    /// <summary>
    /// The body of an error as AIP-193 defines it: <c>{"error": {"code", "message", "status", "details"}}</c>, where
    /// code is the HTTP status and status the name of the google.rpc.Code.
    /// </summary>
    public static string ToJson(Google.Rpc.Status error, int httpStatus) => new JsonObject
    {
        ["error"] = new JsonObject
        {
            ["code"] = httpStatus,
            ["message"] = error.Message,
            ["status"] = StatusCodeNames.Of((StatusCode)error.Code),
            ["details"] = new JsonArray([.. error.Details.Select(detail => JsonNode.Parse(Details.Format(detail)))]),
        },
    }.ToJsonString(Readable);

    /// <summary>HTTP status of an error: the one that google.rpc.Code defines, except for MESSAGE_TOO_LARGE.</summary>
    /// <remarks>Clients retry 429 automatically and would send the same message again.</remarks>
    public static int CodeOf(Google.Rpc.Status error) => ReasonOf(error) is not ErrorReason.Unspecified and var reason
        ? CodeOf(reason)
        : CodeOf((StatusCode)error.Code);

    /// <summary>HTTP status of a reason.</summary>
    public static int CodeOf(ErrorReason reason) => reason == ErrorReason.MessageTooLarge
        ? StatusCodes.Status413PayloadTooLarge
        : CodeOf(ErrorReasonTable.Of(reason).Code);

    /// <summary>HTTP status that google.rpc.Code defines for a code.</summary>
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

    /// <summary>Retry delay of the error in seconds, rounded up; null for none.</summary>
    public static int? RetryAfterOf(Google.Rpc.Status error) =>
        error.GetDetail<RetryInfo>() is { RetryDelay: { } delay }
            ? Math.Max(1, (int)Math.Ceiling(delay.ToTimeSpan().TotalSeconds))
            : null;

    private static ErrorReason ReasonOf(Google.Rpc.Status error) =>
        error.GetDetail<ErrorInfo>() is { } info ? ErrorReasons.Parse(info.Reason) : ErrorReason.Unspecified;
}
