using Grpc.Core;

namespace ForegSyte.Protocol.Tracing;

/// <summary>Status codes as traces and metrics name them: "NOT_FOUND", as the gRPC specification writes it.</summary>
public static class StatusCodeNames
{
    private static readonly string[] Names =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ];

    /// <summary>The name of a code; UNKNOWN for a number that the specification does not have.</summary>
    public static string Of(StatusCode code) =>
        (uint)code < (uint)Names.Length ? Names[(int)code] : Names[(int)StatusCode.Unknown];
}
