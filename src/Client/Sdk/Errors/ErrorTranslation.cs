using System.Security.Authentication;
using ForegSyte.Client.Calls;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Client.Errors;

/// <summary>Reads the google.rpc.Status of a failed call (AIP-193).</summary>
internal static class ErrorTranslation
{
    /// <summary>The exception that the caller gets.</summary>
    public static ForegSyteException Translate(RpcException failure, string address)
    {
        if (failure.Status.DebugException is SecretUnavailableException unavailable)
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
            $"No ForegSyte server answers at {address} ({InnermostMessage(failure)}). Check that the JobService runs, "
            + "and that the address is right: http:// for a server without TLS, https:// for one with TLS.",
        StatusCode.DeadlineExceeded => $"{address} did not answer in time.",
        StatusCode.Unimplemented =>
            $"{address} answers, but it is not a ForegSyte JobService of this version ({failure.Status.Detail}).",
        _ when failure.Status.DebugException?.GetBaseException() is AuthenticationException refused =>
            $"{address} was reached, but no TLS connection came about: {refused.Message} Check the authorities that "
            + "are trusted (CaFile), the client certificate where the server wants one, and the name in the address.",
        _ => $"{address} answered {failure.StatusCode}: {failure.Status.Detail}",
    };

    private static string InnermostMessage(RpcException failure) =>
        failure.Status.DebugException?.GetBaseException().Message ?? failure.Status.Detail;
}
