using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Security;
using ForegSyte.Protocol.Tracing;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>
/// Measures and traces calls, those included that are refused before their handler. Costs nothing where nobody
/// collects.
/// </summary>
internal sealed class RpcTelemetry(RequestDelegate next, RpcMetrics metrics, TimeProvider time)
{
    /// <summary>The method of calls to none that is here: callers must not be able to make up new series.</summary>
    public const string OtherMethod = "_OTHER";

    /// <summary>Runs a call.</summary>
    public Task InvokeAsync(HttpContext context) =>
        metrics.IsCollected || ServerSpans.Source.HasListeners() ? MeasureAsync(context) : next(context);

    private async Task MeasureAsync(HttpContext context)
    {
        var method = MethodOf(context);
        var headers = context.Request.Headers;
        using var span = ServerSpans.Start(method, headers.TraceParent, headers.TraceState, BeginsTrace(context));
        var start = time.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            var code = CodeOf(context);
            if (span is not null)
            {
                ServerSpans.SetCode(span, code);
            }

            // While the span is the current one, so that the measurement has it as its exemplar.
            metrics.Record(time.GetElapsedTime(start), method, StatusCodeNames.Of(code));
        }
    }

    /// <summary>
    /// Whether a call that nobody traces is one that begins something. Those that only look, and health checks, are
    /// polled without end: as traces of their own they would hide the others, and cost more than the calls.
    /// </summary>
    private static bool BeginsTrace(HttpContext context) =>
        context.RpcRule() is { Permission: not CallerPermissions.Read };

    private static string MethodOf(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.FullName[1..] ?? OtherMethod;

    /// <summary>What the call was answered; a call without an answer was ended by its caller, or by a defect.</summary>
    private static StatusCode CodeOf(HttpContext context)
    {
        var trailers = context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        var text = trailers?[ErrorResponse.StatusHeader].ToString() is { Length: > 0 } sent
            ? sent
            : context.Response.Headers[ErrorResponse.StatusHeader].ToString();
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code))
        {
            return (StatusCode)code;
        }

        return context.RequestAborted.IsCancellationRequested ? StatusCode.Cancelled : StatusCode.Unknown;
    }
}
