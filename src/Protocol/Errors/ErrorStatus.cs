using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace ForegSyte.Protocol.Errors;

/// <summary>Errors in messages (Job.error, Attempt.error): a google.rpc.Status with google.rpc.ErrorInfo.</summary>
public static class ErrorStatus
{
    /// <summary>Creates the status of an error.</summary>
    /// <param name="reason">Reason; its status code follows from <see cref="ErrorReasonTable"/>.</param>
    /// <param name="message">The error for people.</param>
    /// <param name="metadata">The variable parts of the message, for programs.</param>
    public static Google.Rpc.Status Create(
        ErrorReason reason, string message, IReadOnlyDictionary<string, string> metadata)
    {
        var info = new ErrorInfo { Domain = ErrorReasons.Domain, Reason = reason.ToText() };
        foreach (var (key, value) in metadata)
        {
            info.Metadata[key] = value;
        }

        return new Google.Rpc.Status
        {
            Code = (int)ErrorReasonTable.Of(reason).Code,
            Message = message,
            Details = { Any.Pack(info) },
        };
    }

    /// <summary>The ErrorInfo in the details of a status; null without one.</summary>
    public static ErrorInfo? InfoOf(Google.Rpc.Status? status) => status?.GetDetail<ErrorInfo>();

    /// <summary>
    /// The reason of a status; <see cref="ErrorReason.Unspecified"/> without a status or with an unknown reason.
    /// </summary>
    public static ErrorReason ReasonOf(Google.Rpc.Status? status) =>
        InfoOf(status) is { Domain: ErrorReasons.Domain } info
            ? ErrorReasons.Parse(info.Reason)
            : ErrorReason.Unspecified;
}
