using System.Globalization;
using System.Net.Sockets;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Text;
using ForegSyte.Protocol.Tracing;
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

    /// <summary>Whether the failure of another InferenceService says more about the job.</summary>
    public bool SaysLittle => InferenceFailures.SaysLittle(Failure.Reason);

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

    /// <summary>No connection to an InferenceService: it never had the job.</summary>
    public static readonly JobFailure NotReached =
        new(ErrorReason.InferenceUnavailable, "The InferenceService is not reachable (option Inference:Addresses).");

    /// <summary>No InferenceService serves.</summary>
    public static readonly JobFailure NoneServes =
        new(ErrorReason.InferenceUnavailable, "No InferenceService is serving (option Inference:Addresses).");

    /// <summary>
    /// Whether an InferenceService cannot read the stored video: its option Video:AllowedRoots does not contain the
    /// storage, it sees another file system, or the video does not exist.
    /// </summary>
    public static bool IsUnreadable(ErrorReason reason) =>
        reason is ErrorReason.SourceNotAllowed or ErrorReason.SourceNotFound;

    /// <summary>
    /// Whether an InferenceService cannot have the stored video: it is unreadable, or the disk of its cache is full.
    /// Others are used first.
    /// </summary>
    public static bool IsWithoutVideo(ErrorReason reason) =>
        IsUnreadable(reason) || reason == ErrorReason.StorageFull;

    /// <summary>Whether an InferenceService takes no calls now.</summary>
    public static bool IsUnavailable(ErrorReason reason) =>
        reason is ErrorReason.InferenceUnavailable or ErrorReason.ShuttingDown or ErrorReason.DecoderUnavailable;

    /// <summary>Whether an InferenceService failed and not the video.</summary>
    public static bool IsFailureOfInstance(ErrorReason reason) =>
        IsUnavailable(reason) || reason == ErrorReason.DecoderLost;

    /// <summary>Whether an InferenceService failed whatever the video is, and before it worked on it.</summary>
    public static bool IsFailureOfSetup(ErrorReason reason) =>
        SaysLittle(reason) || reason == ErrorReason.DecoderUnavailable;

    /// <summary>Whether it tells about the InferenceService and not about the job.</summary>
    public static bool SaysLittle(ErrorReason reason) =>
        IsWithoutVideo(reason) || reason == ErrorReason.UnknownPipeline;

    /// <summary>Uses the error details of the InferenceService; without them, the status code.</summary>
    /// <param name="exception">The exception of the call.</param>
    /// <param name="limits">The limits of the call, for the messages.</param>
    public static InferenceFailedException From(RpcException exception, CallLimits limits)
    {
        var status = exception.GetRpcStatus();
        var info = status?.GetDetail<ErrorInfo>();
        var reason = info?.Domain == ErrorReasons.Domain ? ErrorReasons.Parse(info.Reason) : ErrorReason.Unspecified;
        var failure = reason is ErrorReason.Unspecified or ErrorReason.Unimplemented
            ? FromCode(exception, limits)
            : new JobFailure(reason, exception.Status.Detail, new Dictionary<string, string>(info!.Metadata))
            {
                LastWords = status!.GetDetail<DebugInfo>()?.Detail ?? "",
            };
        return new InferenceFailedException(failure, exception)
        {
            RetryAfter = status?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan(),
        };
    }

    private static JobFailure FromCode(RpcException exception, CallLimits limits) => exception.StatusCode switch
    {
        StatusCode.Unavailable when exception.Status.DebugException
            is SocketException or HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError }
            => NotReached,
        StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.Aborted => Lost,
        StatusCode.Unimplemented when limits.IsOptionalCall => new JobFailure(
            ErrorReason.Unimplemented, "The InferenceService does not know this call: its version is older."),
        StatusCode.Unimplemented => new JobFailure(
            ErrorReason.InferenceUnavailable,
            "The InferenceService does not know this call: its version does not match. Ask the operator to update it."),
        StatusCode.DeadlineExceeded => new JobFailure(
            ErrorReason.DeadlineExceeded,
            $"The InferenceService did not answer within {DurationText.Format(limits.Timeout)} (option "
            + $"{limits.TimeoutOption}). Ask the operator to raise the option.",
            LimitOf(limits.TimeoutOption, DurationText.Format(limits.Timeout))),
        StatusCode.ResourceExhausted => new JobFailure(
            ErrorReason.ResultsTooLarge,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The response of the InferenceService exceeds {limits.MaxResponseBytes} bytes (option ")
            + $"{CallLimits.ResponseOption}). Ask the operator to raise it, or to lower Dispatch:SegmentFrames.",
            LimitOf(
                CallLimits.ResponseOption, limits.MaxResponseBytes.ToString(CultureInfo.InvariantCulture))),
        _ => new JobFailure(
            ErrorReason.Internal,
            $"The InferenceService returned {StatusCodeNames.Of(exception.StatusCode)}; its log has the cause.",
            new Dictionary<string, string> { ["code"] = StatusCodeNames.Of(exception.StatusCode) }),
    };

    private static Dictionary<string, string> LimitOf(string option, string limit) => new()
    {
        ["option"] = option,
        ["limit"] = limit,
    };
}

/// <summary>The limits of a call of an InferenceService.</summary>
/// <param name="TimeoutOption">Full name of the option that sets the timeout.</param>
/// <param name="Timeout">The timeout.</param>
/// <param name="MaxResponseBytes">Maximum size of the response in bytes.</param>
internal sealed record CallLimits(string TimeoutOption, TimeSpan Timeout, int MaxResponseBytes)
{
    /// <summary>Full name of the option that sets <see cref="MaxResponseBytes"/>.</summary>
    public const string ResponseOption = $"{InferenceOptions.Section}:{nameof(InferenceOptions.MaxResponseBytes)}";

    /// <summary>The limits of ProbeVideo.</summary>
    public static CallLimits OfProbe(InferenceOptions options) => new(
        $"{InferenceOptions.Section}:{nameof(options.ProbeTimeout)}", options.ProbeTimeout, options.MaxResponseBytes);

    /// <summary>
    /// Whether an InferenceService of an older version may lack the call. It can go on with other calls.
    /// </summary>
    public bool IsOptionalCall { get; init; }

    /// <summary>The limits of GetFrame.</summary>
    public static CallLimits OfFrame(InferenceOptions options) => new(
        $"{InferenceOptions.Section}:{nameof(options.FrameTimeout)}", options.FrameTimeout, options.MaxResponseBytes)
    {
        IsOptionalCall = true,
    };

    /// <summary>The limits of RunPipeline.</summary>
    public static CallLimits OfSegment(InferenceOptions options) => new(
        $"{InferenceOptions.Section}:{nameof(options.SegmentTimeout)}", options.SegmentTimeout,
        options.MaxResponseBytes);
}
