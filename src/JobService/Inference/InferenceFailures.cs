using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Jobs.Inference;

/// <summary>Reads the failure of a job out of the status of a call. Pure.</summary>
internal static class InferenceFailures
{
    /// <summary>
    /// The failure of a call whose InferenceService is gone. Which one that was is for the log and for admins: callers
    /// see the messages of their jobs' attempts.
    /// </summary>
    public static readonly JobFailure Lost =
        new(ErrorReason.InferenceUnavailable, "The InferenceService was lost while it worked on the job.");

    /// <summary>The failure of a call for which there is none.</summary>
    public static readonly JobFailure NoneServes =
        new(ErrorReason.InferenceUnavailable, "No InferenceService serves (option Inference:Addresses).");

    /// <summary>
    /// What the InferenceService said; where it did not get to say anything, what the status code means.
    /// </summary>
    public static InferenceFailedException From(RpcException exception)
    {
        var status = exception.GetRpcStatus();
        var info = status?.GetDetail<ErrorInfo>();
        var reason = info?.Domain == ErrorReasons.Domain ? ErrorReasons.Parse(info.Reason) : ErrorReason.Unspecified;
        var failure = reason == ErrorReason.Unspecified
            ? FromCode(exception)
            : new JobFailure(reason, exception.Status.Detail, new Dictionary<string, string>(info!.Metadata))
            {
                LastWords = status!.GetDetail<DebugInfo>()?.Detail ?? "",
            };
        return new InferenceFailedException(failure, exception)
        {
            RetryAfter = status?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan(),
        };
    }

    private static JobFailure FromCode(RpcException exception) => exception.StatusCode switch
    {
        StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.Aborted => Lost,
        StatusCode.DeadlineExceeded => new JobFailure(
            ErrorReason.DeadlineExceeded,
            "A segment took longer than Inference:SegmentTimeout (or the probe longer than Inference:ProbeTimeout)."),
        StatusCode.ResourceExhausted => new JobFailure(
            ErrorReason.ResultsTooLarge,
            "The results of a segment are larger than Inference:MaxResponseBytes; lower Dispatch:SegmentFrames."),
        _ => new JobFailure(
            ErrorReason.Internal,
            $"The InferenceService answered {exception.StatusCode}; its log has the cause.",
            new Dictionary<string, string> { ["code"] = exception.StatusCode.ToString() }),
    };
}
