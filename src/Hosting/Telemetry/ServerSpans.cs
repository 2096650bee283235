using System.Diagnostics;
using ForegSyte.Protocol.Tracing;
using Grpc.Core;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>The spans of calls at the server.</summary>
internal static class ServerSpans
{
    /// <summary>Where they come from.</summary>
    public static readonly ActivitySource Source = new("ForegSyte.Hosting", ServiceVersion.Text);

    /// <summary>
    /// Begins the span of a call, in the caller's trace where its headers name one. Null where nobody listens, and for
    /// a call without a trace that begins none.
    /// </summary>
    /// <param name="method">Full name of the method.</param>
    /// <param name="traceParent">The caller's traceparent.</param>
    /// <param name="traceState">The caller's tracestate.</param>
    /// <param name="beginsTrace">Whether the call begins a trace where the caller has none.</param>
    public static Activity? Start(string method, string? traceParent, string? traceState, bool beginsTrace)
    {
        if (!Source.HasListeners()
            || !(ActivityContext.TryParse(traceParent, traceState, isRemote: true, out var caller) || beginsTrace))
        {
            return null;
        }

        // ASP.NET Core has made an activity that nobody exports: as a parent it would be missing from the trace.
        Activity.Current = null;
        return Source.StartActivity(method, ActivityKind.Server, caller)
            ?.SetTag(TraceAttributes.System, TraceAttributes.Grpc)
            .SetTag(TraceAttributes.Method, method);
    }

    /// <summary>Says how the call ended; the span itself is ended by disposing it.</summary>
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
    /// Whether a code says that something is wrong with the server. The others are answers that a caller asked for:
    /// that there is no such job, that a video is no MP4.
    /// </summary>
    public static bool IsError(StatusCode code) => code is StatusCode.Unknown or StatusCode.DeadlineExceeded
        or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss;
}
