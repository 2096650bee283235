using System.Security.Authentication;
using ForegSyte.Client.Calls;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Client;

/// <summary>A call failed: the server returned an error, or could not be reached.</summary>
public sealed class ForegSyteException : Exception
{
    internal ForegSyteException(StatusCode code, string message, RpcException? cause = null)
        : base(message, cause) => Code = code;

    /// <summary>gRPC status code.</summary>
    public StatusCode Code { get; }

    /// <summary>
    /// Reason from the published list; <see cref="ErrorReason.Unspecified"/> if the server sent none, could not be
    /// reached, or sent a reason that this version does not know.
    /// </summary>
    public ErrorReason Reason { get; internal init; }

    /// <summary>Reason as the server sent it, for example "JOB_NOT_FOUND"; empty if it sent none.</summary>
    public string ReasonText { get; internal init; } = "";

    /// <summary>Values of the error, by key.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; internal init; } = new Dictionary<string, string>();

    /// <summary>Invalid fields of the request.</summary>
    public IReadOnlyList<FieldViolation> FieldViolations { get; internal init; } = [];

    /// <summary>Delay after which the server asks to retry; null if it sent none.</summary>
    public TimeSpan? RetryAfter { get; internal init; }

    /// <summary>
    /// Whether the same call may succeed later, because the server is unavailable or busy. The client has already
    /// retried an UNAVAILABLE call up to <see cref="ForegSyteClientOptions.MaxAttempts"/>.
    /// </summary>
    public bool IsRetryable => Code == StatusCode.Unavailable || RetryAfter is not null;
}

/// <summary>An invalid field of a request.</summary>
/// <param name="Field">Path of the field in the request, for example "options.frame_stride".</param>
/// <param name="Description">What is wrong, and which values are allowed.</param>
public sealed record FieldViolation(string Field, string Description);

/// <summary>Translates failed gRPC calls: reads the google.rpc.Status of the trailers (AIP-193).</summary>
internal static class ErrorTranslation
{
    /// <param name="failure">The failed call.</param>
    /// <param name="address">Address of the server, for messages.</param>
    public static ForegSyteException Translate(RpcException failure, string address)
    {
        if (failure.Status.DebugException is CredentialUnavailableException unavailable)
        {
            return new ForegSyteException(StatusCode.Unauthenticated, unavailable.Message, failure);
        }

        var status = failure.GetRpcStatus();
        var info = status?.GetDetail<ErrorInfo>();
        if (status is null || info is null)
        {
            return new ForegSyteException(failure.StatusCode, MessageWithoutDetails(failure, address), failure);
        }

        return new ForegSyteException(failure.StatusCode, status.Message, failure)
        {
            Reason = info.Domain == ErrorReasons.Domain ? ErrorReasons.Parse(info.Reason) : ErrorReason.Unspecified,
            ReasonText = info.Reason,
            Metadata = new Dictionary<string, string>(info.Metadata),
            FieldViolations =
            [
                .. (status.GetDetail<BadRequest>()?.FieldViolations ?? [])
                    .Select(violation => new FieldViolation(violation.Field, violation.Description)),
            ],
            RetryAfter = status.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan(),
        };
    }

    private static string MessageWithoutDetails(RpcException failure, string address) => failure.StatusCode switch
    {
        StatusCode.Unavailable =>
            $"No ForegSyte server at {address} ({InnermostMessage(failure)}). Check that the JobService is running "
            + "and that the address is correct: http:// for a server without TLS, https:// for one with TLS.",
        StatusCode.DeadlineExceeded => $"{address} did not answer in time.",
        StatusCode.Unimplemented =>
            $"{address} is not a ForegSyte JobService of this version ({failure.Status.Detail}).",
        _ when failure.Status.DebugException?.GetBaseException() is AuthenticationException refused =>
            $"TLS handshake with {address} failed: {refused.Message} Check the trusted authorities (CaFile), the "
            + "client certificate if the server requires one, and the host name in the address.",
        _ => $"{address} returned {failure.StatusCode}: {failure.Status.Detail}",
    };

    private static string InnermostMessage(RpcException failure) =>
        failure.Status.DebugException?.GetBaseException().Message ?? failure.Status.Detail;
}
