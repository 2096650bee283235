using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Hosting.Errors;

/// <summary>
/// The one table from reasons to gRPC status codes; errors.proto states the same code for each reason.
/// </summary>
public static class StatusCodes
{
    /// <summary>The status code of a reason.</summary>
    public static StatusCode Of(ErrorReason reason) => reason switch
    {
        ErrorReason.MissingField => StatusCode.InvalidArgument,
        ErrorReason.InvalidField => StatusCode.InvalidArgument,
        ErrorReason.UnknownPipeline => StatusCode.InvalidArgument,
        ErrorReason.InvalidPageToken => StatusCode.InvalidArgument,
        ErrorReason.InvalidFilter => StatusCode.InvalidArgument,
        ErrorReason.EmptyVideo => StatusCode.InvalidArgument,
        ErrorReason.NotAnMp4 => StatusCode.InvalidArgument,
        ErrorReason.TruncatedMp4 => StatusCode.InvalidArgument,
        ErrorReason.NoVideoTrack => StatusCode.InvalidArgument,
        ErrorReason.NoFrames => StatusCode.InvalidArgument,
        ErrorReason.VideoLimitExceeded => StatusCode.InvalidArgument,
        ErrorReason.UnsupportedUri => StatusCode.InvalidArgument,
        ErrorReason.SourceNotAllowed => StatusCode.InvalidArgument,
        ErrorReason.InvalidFrameRange => StatusCode.InvalidArgument,
        ErrorReason.PartChecksumMismatch => StatusCode.InvalidArgument,
        ErrorReason.MalformedRequest => StatusCode.InvalidArgument,
        ErrorReason.UndecodableVideo => StatusCode.FailedPrecondition,
        ErrorReason.ResultsNotReady => StatusCode.FailedPrecondition,
        ErrorReason.WrongJobStatus => StatusCode.FailedPrecondition,
        ErrorReason.VideoGone => StatusCode.FailedPrecondition,
        ErrorReason.UploadIncomplete => StatusCode.FailedPrecondition,
        ErrorReason.UploadContentMismatch => StatusCode.FailedPrecondition,
        ErrorReason.SourceNotFound => StatusCode.NotFound,
        ErrorReason.JobNotFound => StatusCode.NotFound,
        ErrorReason.UploadNotFound => StatusCode.NotFound,
        ErrorReason.RequestIdConflict => StatusCode.AlreadyExists,
        ErrorReason.MessageTooLarge => StatusCode.ResourceExhausted,
        ErrorReason.StorageFull => StatusCode.ResourceExhausted,
        ErrorReason.ResultsTooLarge => StatusCode.ResourceExhausted,
        ErrorReason.InferenceBusy => StatusCode.ResourceExhausted,
        ErrorReason.QueueFull => StatusCode.ResourceExhausted,
        ErrorReason.TooManyUploads => StatusCode.ResourceExhausted,
        ErrorReason.RateLimited => StatusCode.ResourceExhausted,
        ErrorReason.TenantQuotaExceeded => StatusCode.ResourceExhausted,
        ErrorReason.TooManyCalls => StatusCode.ResourceExhausted,
        ErrorReason.InferenceUnavailable => StatusCode.Unavailable,
        ErrorReason.DecoderLost => StatusCode.Unavailable,
        ErrorReason.ShuttingDown => StatusCode.Unavailable,
        ErrorReason.SourceUnavailable => StatusCode.Unavailable,
        ErrorReason.DeadlineExceeded => StatusCode.DeadlineExceeded,
        ErrorReason.LeaseLost => StatusCode.Aborted,
        ErrorReason.UploadBusy => StatusCode.Aborted,
        ErrorReason.Cancelled => StatusCode.Cancelled,
        ErrorReason.JobCancelled => StatusCode.Cancelled,
        ErrorReason.Unauthenticated => StatusCode.Unauthenticated,
        ErrorReason.PermissionDenied => StatusCode.PermissionDenied,
        ErrorReason.ResultsDamaged => StatusCode.DataLoss,
        ErrorReason.StageFailed => StatusCode.Internal,
        ErrorReason.Internal => StatusCode.Internal,
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "The reason has no status code."),
    };
}
