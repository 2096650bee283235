using System.Security.Authentication;
using ForegSyte.Client.Calls;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Client;

/// <summary>A call failed: the server returned an error, or could not be reached.</summary>
/// <remarks>The constructors are public, so that tests can throw what a client throws.</remarks>
public sealed class ForegSyteException : Exception
{
    /// <summary>Creates an error with a published reason and its status code.</summary>
    /// <param name="reason">Reason.</param>
    /// <param name="message">The error for people.</param>
    /// <param name="innerException">Cause; null if there is none.</param>
    /// <exception cref="ArgumentOutOfRangeException">The reason is not a published one.</exception>
    public ForegSyteException(ErrorReason reason, string message, Exception? innerException = null)
        : this(ErrorReasonTable.Of(reason).Code, message, innerException) =>
        (Reason, ReasonText) = (reason, reason.ToText());

    /// <summary>Creates an error with a status code, and no reason unless an initializer sets it.</summary>
    /// <param name="code">gRPC status code.</param>
    /// <param name="message">The error for people.</param>
    /// <param name="innerException">Cause; null if there is none.</param>
    public ForegSyteException(StatusCode code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>gRPC status code.</summary>
    public StatusCode Code { get; }

    /// <summary>
    /// Reason from the published list. <see cref="ErrorReason.DeadlineExceeded"/> also if the deadline of the client
    /// ended the call. <see cref="ErrorReason.Unspecified"/> if the server sent none, could not be reached, or sent a
    /// reason that this version does not know.
    /// </summary>
    public ErrorReason Reason { get; init; }

    /// <summary>Name of the reason, for example "JOB_NOT_FOUND", also of an unknown one; empty without a
    /// reason.</summary>
    public string ReasonText { get; init; } = "";

    /// <summary>Values of the error, by key.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Invalid fields of the request.</summary>
    public IReadOnlyList<FieldViolation> FieldViolations { get; init; } = [];

    /// <summary>Delay after which the server asks to retry; null if it sent none.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>
    /// Whether the same call may succeed later without any action: as published for the reason (docs/errors.md and
    /// ListErrorReasons) or, without a known reason, for UNAVAILABLE and errors with <see cref="RetryAfter"/>.
    /// </summary>
    /// <remarks>
    /// The client itself retries less: UNAVAILABLE up to <see cref="ForegSyteClientOptions.MaxAttempts"/>, and
    /// QUEUE_FULL with <see cref="SubmitOptions.WaitWhileQueueFull"/>. It leaves the other retryable errors, for
    /// example STORAGE_FULL and RATE_LIMITED, to the caller, who knows how long they may wait.
    /// </remarks>
    public bool IsRetryable => Reason == ErrorReason.Unspecified
        ? Code == StatusCode.Unavailable || RetryAfter is not null
        : ErrorReasonTable.Of(Reason).IsRetryable;
}

/// <summary>An invalid field of a request.</summary>
/// <param name="Field">Path of the field in the request, for example "options.frame_stride".</param>
/// <param name="Description">What is wrong, and which values are allowed.</param>
public sealed record FieldViolation(string Field, string Description);

/// <summary>Translates failed gRPC calls: reads the google.rpc.Status of the trailers (AIP-193).</summary>
internal static class ErrorTranslation
{
    /// <summary>HTTP/2's error code HTTP_1_1_REQUIRED (RFC 9113, 7).</summary>
    private const long Http11Required = 0xd;

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
            var message = MessageWithoutDetails(failure, address);
            return failure.StatusCode == StatusCode.DeadlineExceeded
                ? new ForegSyteException(ErrorReason.DeadlineExceeded, message, failure)
                : new ForegSyteException(failure.StatusCode, message, failure);
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
        _ when TransportProblem(failure, address) is { } problem => problem,
        StatusCode.Unavailable =>
            $"No ForegSyte server at {address} ({InnermostMessage(failure)}). Check that the JobService is running "
            + "and that the address is correct: http:// for a server without TLS, https:// for one with TLS.",
        StatusCode.DeadlineExceeded => $"{address} did not answer in time.",
        StatusCode.Unimplemented =>
            $"{address} is not a ForegSyte JobService of this version ({failure.Status.Detail}).",
        _ => $"{address} returned {failure.StatusCode}: {failure.Status.Detail}",
    };

    /// <summary>What differs between the address and the server that answered there; null for other failures.</summary>
    private static string? TransportProblem(RpcException failure, string address)
    {
        var causes = CausesOf(failure.Status.DebugException).ToList();
        if (causes.OfType<HttpProtocolException>().Any(cause => cause.ErrorCode == Http11Required))
        {
            return $"{address} is the port for HTTP with JSON, or another web server. Use the port for gRPC: the "
                + "server logs both when it starts; its default is 5200.";
        }

        if (causes.OfType<AuthenticationException>().LastOrDefault() is { } refused)
        {
            return refused.Message.Contains("frame", StringComparison.Ordinal)
                ? $"The server at {address} does not use TLS. Use an http:// address."
                : refused.Message.Contains("certificate chain", StringComparison.Ordinal)
                    ? $"The certificate of the server at {address} is not from a trusted authority, or has expired "
                        + $"({refused.Message}). Name the PEM file of its authority as the CA file."
                    : $"TLS handshake with {address} failed: {refused.Message} Check the CA file, the client "
                        + "certificate if the server requires one, and the host name in the address.";
        }

        return address.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            && causes.OfType<HttpRequestException>().Any(cause =>
                cause.HttpRequestError is HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse)
                ? $"What answers at {address} is not a ForegSyte server, or one with TLS "
                    + $"({InnermostMessage(failure)}). Use an https:// address for a server with TLS."
                : null;
    }

    private static IEnumerable<Exception> CausesOf(Exception? failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            yield return cause;
        }
    }

    private static string InnermostMessage(RpcException failure) =>
        failure.Status.DebugException?.GetBaseException().Message ?? failure.Status.Detail;
}
