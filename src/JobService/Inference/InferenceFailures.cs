using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Jobs.Inference;

/// <summary>A failed call of an InferenceService, as the failure of a job.</summary>
/// <param name="failure">The failure, stored with the attempt.</param>
/// <param name="cause">The exception of the call, for the log.</param>
internal sealed class InferenceFailedException(JobFailure failure, Exception? cause = null)
    : Exception(failure.Message, cause)
{
    public JobFailure Failure { get; } = failure;

    /// <summary>The retry delay that the InferenceService asked for; null for none.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Converts the status of a call into the failure of a job. Pure.</summary>
internal static class InferenceFailures
{
    /// <summary>
    /// The InferenceService of a call is gone. The message omits its address, because callers see it; the log and
    /// admins have it.
    /// </summary>
    public static readonly JobFailure Lost =
        new(ErrorReason.InferenceUnavailable, "The InferenceService was lost while it worked on the job.");

    /// <summary>No InferenceService serves.</summary>
    public static readonly JobFailure NoneServes =
        new(ErrorReason.InferenceUnavailable, "No InferenceService serves (option Inference:Addresses).");

    /// <summary>Uses the error details of the InferenceService; without them, the status code.</summary>
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
            "A segment took longer than Inference:SegmentTimeout, or the probe longer than Inference:ProbeTimeout."),
        StatusCode.ResourceExhausted => new JobFailure(
            ErrorReason.ResultsTooLarge,
            "The results of a segment exceed Inference:MaxResponseBytes; lower Dispatch:SegmentFrames."),
        _ => new JobFailure(
            ErrorReason.Internal,
            $"The InferenceService returned {exception.StatusCode}; its log has the cause.",
            new Dictionary<string, string> { ["code"] = exception.StatusCode.ToString() }),
    };
}
