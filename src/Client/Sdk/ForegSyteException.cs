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
