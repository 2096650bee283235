using System.Diagnostics;
using System.Diagnostics.Metrics;
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
/// Measures and traces every call, including calls that are refused before their handler. Costs nothing if nobody
/// collects.
/// </summary>
internal sealed class RpcTelemetryMiddleware(RequestDelegate next, RpcMetrics metrics, TimeProvider time)
{
    /// <summary>Method name of unknown methods, so that callers cannot create new series.</summary>
    public const string OtherMethod = "_OTHER";

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

            // Recorded while the span is current, so that it becomes the exemplar.
            metrics.Record(time.GetElapsedTime(start), method, StatusCodeNames.Of(code));
        }
    }

    /// <summary>
    /// Whether a call without a trace starts one. Reads and health checks are polled; traces of their own would hide
    /// the others and cost more than the calls.
    /// </summary>
    private static bool BeginsTrace(HttpContext context) =>
        context.RpcRule() is { Permission: not CallerPermissions.Read };

    private static string MethodOf(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.FullName[1..] ?? OtherMethod;

    /// <summary>
    /// Status code of the call; without one, the caller cancelled the call or the service has a defect.
    /// </summary>
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

/// <summary>Duration of calls by method and status code.</summary>
internal sealed class RpcMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "ForegSyte.Hosting";

    /// <summary>Name of the instrument, from OpenTelemetry's semantic conventions for RPC.</summary>
    public const string DurationName = "rpc.server.call.duration";

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;

    public RpcMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _duration = _meter.CreateHistogram(
            DurationName, "s", "Duration of a call, from its headers to the last byte of its response.", null,
            new InstrumentAdvice<double>
            {
                // The largest buckets are for the long polls WaitJob and RunPipeline.
                HistogramBucketBoundaries =
                    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
            });
    }

    /// <summary>Whether anyone collects the metrics.</summary>
    public bool IsCollected => _duration.Enabled;

    public void Record(TimeSpan time, string method, string code) => _duration.Record(
        time.TotalSeconds,
        new(TraceAttributes.System, TraceAttributes.Grpc),
        new(TraceAttributes.Method, method),
        new(TraceAttributes.StatusCode, code));

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();
}

/// <summary>Server spans of calls.</summary>
internal static class ServerSpans
{
    public static readonly ActivitySource Source = new("ForegSyte.Hosting", ServiceVersion.Text);

    /// <summary>
    /// Starts the span of a call, in the caller's trace if the headers name one. Null if nobody listens, or if the call
    /// has no trace and starts none.
    /// </summary>
    /// <param name="method">Full name of the method.</param>
    /// <param name="traceParent">The caller's traceparent.</param>
    /// <param name="traceState">The caller's tracestate.</param>
    /// <param name="beginsTrace">Whether the call starts a trace if the caller has none.</param>
    public static Activity? Start(string method, string? traceParent, string? traceState, bool beginsTrace)
    {
        if (!Source.HasListeners()
            || !(ActivityContext.TryParse(traceParent, traceState, isRemote: true, out var caller) || beginsTrace))
        {
            return null;
        }

        // ASP.NET Core's own activity is not exported; as a parent it would be missing from the trace.
        Activity.Current = null;
        return Source.StartActivity(method, ActivityKind.Server, caller)
            ?.SetTag(TraceAttributes.System, TraceAttributes.Grpc)
            .SetTag(TraceAttributes.Method, method);
    }

    /// <summary>Sets the status code of the span.</summary>
    public static void SetCode(Activity span, StatusCode code)
    {
        var name = StatusCodeNames.Of(code);
        span.SetTag(TraceAttributes.StatusCode, name);
        if (IsError(code))
        {
            span.SetTag(TraceAttributes.ErrorType, name).SetStatus(ActivityStatusCode.Error);
        }
    }

    /// <summary>
    /// Whether a code means a server error. Other codes are valid results, such as an unknown job or an invalid MP4.
    /// </summary>
    public static bool IsError(StatusCode code) => code is StatusCode.Unknown or StatusCode.DeadlineExceeded
        or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss;
}
