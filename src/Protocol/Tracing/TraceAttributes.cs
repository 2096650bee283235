namespace ForegSyte.Protocol.Tracing;

/// <summary>
/// Names of attributes of spans and metrics. Those of calls are OpenTelemetry's
/// (https://opentelemetry.io/docs/specs/semconv/rpc/).
/// </summary>
public static class TraceAttributes
{
    /// <summary>RPC system of the call.</summary>
    public const string System = "rpc.system.name";

    /// <summary>Value of <see cref="System"/>.</summary>
    public const string Grpc = "grpc";

    /// <summary>Full name of the method: "foregsyte.v1.JobService/SubmitVideo".</summary>
    public const string Method = "rpc.method";

    /// <summary>Status code of the call, see <see cref="StatusCodeNames"/>.</summary>
    public const string StatusCode = "rpc.response.status_code";

    /// <summary>Type of the error: status code of a call or reason of a job.</summary>
    public const string ErrorType = "error.type";

    /// <summary>Job of the span.</summary>
    public const string JobId = "foregsyte.job.id";

    /// <summary>Attempt of the span, from 1.</summary>
    public const string Attempt = "foregsyte.job.attempt";

    /// <summary>First frame of the segment.</summary>
    public const string StartFrame = "foregsyte.segment.start_frame";

    /// <summary>Frame after the last one of the segment.</summary>
    public const string EndFrame = "foregsyte.segment.end_frame";
}
