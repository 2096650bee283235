namespace ForegSyte.Protocol.Tracing;

/// <summary>
/// Names of attributes of spans and metrics. Those of calls are OpenTelemetry's
/// (https://opentelemetry.io/docs/specs/semconv/rpc/).
/// </summary>
public static class TraceAttributes
{
    /// <summary>The protocol of the call.</summary>
    public const string System = "rpc.system.name";

    /// <summary>Value of <see cref="System"/>.</summary>
    public const string Grpc = "grpc";

    /// <summary>Full name of the method: "foregsyte.v1.JobService/SubmitVideo".</summary>
    public const string Method = "rpc.method";

    /// <summary>How the call ended, as <see cref="StatusCodeNames"/> names it.</summary>
    public const string StatusCode = "rpc.response.status_code";

    /// <summary>What went wrong: a status code of a call, a reason of a job.</summary>
    public const string ErrorType = "error.type";

    /// <summary>The job that a span is about.</summary>
    public const string JobId = "foregsyte.job.id";

    /// <summary>The number of the attempt that a span is about, from 1.</summary>
    public const string Attempt = "foregsyte.job.attempt";

    /// <summary>The first frame of the segment that a span is about.</summary>
    public const string StartFrame = "foregsyte.segment.start_frame";

    /// <summary>The frame after its last one.</summary>
    public const string EndFrame = "foregsyte.segment.end_frame";
}
