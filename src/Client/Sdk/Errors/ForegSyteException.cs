using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client;

/// <summary>A call that did not succeed: the server's answer, or that there was none.</summary>
public sealed class ForegSyteException : Exception
{
    internal ForegSyteException(StatusCode code, string message, RpcException? cause = null)
        : base(message, cause) => Code = code;

    /// <summary>gRPC status code.</summary>
    public StatusCode Code { get; }

    /// <summary>
    /// Why, from the published list; <see cref="ErrorReason.Unspecified"/> where the server gave none (for example
    /// when it was not reached) or one that this version does not know.
    /// </summary>
    public ErrorReason Reason { get; internal init; }

    /// <summary>The reason as it came over the wire, for example "JOB_NOT_FOUND"; empty where there was none.</summary>
    public string ReasonText { get; internal init; } = "";

    /// <summary>The changing values of the message, by key.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; internal init; } = new Dictionary<string, string>();

    /// <summary>The fields of the request that are wrong.</summary>
    public IReadOnlyList<FieldViolation> FieldViolations { get; internal init; } = [];

    /// <summary>When the server asks to come back.</summary>
    public TimeSpan? RetryAfter { get; internal init; }

    /// <summary>
    /// Whether the same call may succeed later: the server is away or busy. The client has already repeated an
    /// UNAVAILABLE call as often as its options allow.
    /// </summary>
    public bool IsRetryable => Code == StatusCode.Unavailable || RetryAfter is not null;
}
