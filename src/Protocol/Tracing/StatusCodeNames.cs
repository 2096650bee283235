using Grpc.Core;

namespace ForegSyte.Protocol.Tracing;

/// <summary>Names of status codes in traces and metrics, as in the gRPC specification: "NOT_FOUND".</summary>
public static class StatusCodeNames
{
    private static readonly string[] Names =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ];

    /// <summary>The name of a code; UNKNOWN for an unspecified number.</summary>
    public static string Of(StatusCode code) =>
        (uint)code < (uint)Names.Length ? Names[(int)code] : Names[(int)StatusCode.Unknown];
}
