using ForegSyte.V1;
using Grpc.Core;
using static ForegSyte.V1.ErrorReason;
using static Grpc.Core.StatusCode;

namespace ForegSyte.Protocol.Errors;

/// <summary>
/// Status code, retryability and advice of each error reason. Services, ListErrorReasons and docs/errors.md use this
/// table. The meaning of a reason is its comment in errors.proto, which also states the code.
/// </summary>
public static class ErrorReasonTable
{
    private const bool Retryable = true;
    private const bool Final = false;

    private static readonly Dictionary<ErrorReason, ErrorReasonEntry> Entries = new ErrorReasonEntry[]
    {
        new(MissingField, InvalidArgument, Final, "Set the field that the violation names."),
        new(
            InvalidField, InvalidArgument, Final,
            "Correct the field that the violation names; the violation says what is allowed."),
        new(UnknownPipeline, InvalidArgument, Final, "Use a pipeline of ListPipelines."),
        new(
            InvalidPageToken, InvalidArgument, Final,
            "Start again with an empty page_token, and do not change other arguments between pages."),
        new(InvalidFilter, InvalidArgument, Final, "Correct the filter at the position in the message."),
        new(
            EmptyVideo, InvalidArgument, Final,
            "Send the bytes of the video; check that the file is complete."),
        new(
            NotAnMp4, InvalidArgument, Final,
            "Convert the video to an MP4, for example: ffmpeg -i input -c copy output.mp4."),
        new(
            TruncatedMp4, InvalidArgument, Final, "Send the whole file; recording or copying truncated it."),
        new(NoVideoTrack, InvalidArgument, Final, "Send a file with a video track."),
        new(NoFrames, InvalidArgument, Final, "Send a video with at least one frame."),
        new(
            UndecodableVideo, FailedPrecondition, Final,
            "Convert the video, for example: ffmpeg -i input -c:v libx264 output.mp4; check that it plays."),
        new(
            VideoLimitExceeded, InvalidArgument, Final,
            "Send a smaller or shorter video, or ask the operator to raise the option in the metadata."),
        new(
            UnsupportedUri, InvalidArgument, Final,
            "Use a URI scheme that the message names, or send the video itself."),
        new(
            SourceNotAllowed, InvalidArgument, Final,
            "Use an allowed source, or ask the operator to allow this one."),
        new(
            SourceNotFound, NotFound, Final,
            "Check the path as the server sees it, and that its user can read the file."),
        new(
            MessageTooLarge, ResourceExhausted, Final,
            "Send the video as the message suggests, or request less at once."),
        new(
            RequestIdConflict, AlreadyExists, Final,
            "Use a new request_id for a new job; send the same request for a retry."),
        new(
            JobNotFound, NotFound, Final,
            "Check the job_id; ListJobs lists all jobs. The job may have been deleted."),
        new(
            ResultsNotReady, FailedPrecondition, Final,
            "Wait with WaitJob until the job is completed. If it failed, its error says why; RetryJob runs it again."),
        new(
            ResultsDamaged, DataLoss, Final,
            "Submit the video again, or ask the operator to restore or rebuild the results."),
        new(
            StorageFull, ResourceExhausted, Retryable,
            "Retry later, or delete jobs that are no longer needed; the operator can add space."),
        new(
            InvalidFrameRange, InvalidArgument, Final,
            "Request frames within the video: Job.video has the number of frames and the duration (at an "
            + "InferenceService, ProbeVideo)."),
        new(
            StageFailed, StatusCode.Internal, Final,
            "Report the node in the metadata and the job id to the operator."),
        new(DecoderLost, Unavailable, Retryable, "Retry the call. Jobs are retried automatically."),
        new(
            ResultsTooLarge, ResourceExhausted, Final,
            "At an InferenceService, request fewer frames per call. For a job, ask the operator to lower "
            + "Dispatch:SegmentFrames or to raise Grpc:MaxResponseBytes, then call RetryJob."),
        new(InferenceBusy, ResourceExhausted, Retryable, "Retry after the retry delay, or on another instance."),
        new(
            InferenceUnavailable, Unavailable, Retryable,
            "Retry the call later. Jobs are retried automatically."),
        new(
            ErrorReason.DeadlineExceeded, StatusCode.DeadlineExceeded, Retryable,
            "Use a longer deadline, or request less; the operator can raise any option in the metadata."),
        new(ShuttingDown, Unavailable, Retryable, "Retry on another instance, or after the retry delay."),
        new(LeaseLost, Aborted, Retryable, "Nothing while attempts remain; a FAILED job needs RetryJob."),
        new(ErrorReason.Cancelled, StatusCode.Cancelled, Retryable, "Nothing: the caller cancelled the call."),
        new(
            ErrorReason.Internal, StatusCode.Internal, Final,
            "Report the errorId in the metadata to the operator: the log has the cause under it."),
        new(
            WrongJobStatus, FailedPrecondition, Final,
            "Read the job; the metadata has its status and the allowed ones."),
        new(QueueFull, ResourceExhausted, Retryable, "Retry after the retry delay."),
        new(VideoGone, FailedPrecondition, Final, "Submit the video again."),
        new(JobCancelled, StatusCode.Cancelled, Final, "Nothing, or RetryJob to continue the job."),
        new(UploadNotFound, NotFound, Final, "Start a new upload with CreateUpload."),
        new(
            UploadIncomplete, FailedPrecondition, Final,
            "Call GetUpload for the missing bytes and send them with UploadPart."),
        new(
            UploadContentMismatch, FailedPrecondition, Final,
            "Abort the upload and send the file again; it changed while it was read or sent."),
        new(PartChecksumMismatch, InvalidArgument, Final, "Send the part again, with the CRC-32C of its data."),
        new(
            TooManyUploads, ResourceExhausted, Retryable,
            "Finish or abort open uploads, or retry later; abandoned uploads expire."),
        new(UploadBusy, Aborted, Retryable, "Retry the call later; the upload may no longer exist then."),
        new(
            ErrorReason.Unauthenticated, StatusCode.Unauthenticated, Final,
            "Send valid credentials of this server that have not expired."),
        new(
            ErrorReason.PermissionDenied, StatusCode.PermissionDenied, Final,
            "Ask the operator for the permission in the metadata, or do what the message says."),
        new(RateLimited, ResourceExhausted, Retryable, "Retry after the retry delay, and make fewer calls."),
        new(
            TenantQuotaExceeded, ResourceExhausted, Final,
            "With RetryInfo, retry after its delay. Otherwise delete jobs or abort uploads, or ask the operator for a "
            + "larger quota."),
        new(
            TooManyCalls, ResourceExhausted, Retryable,
            "Retry after the retry delay, and make fewer concurrent calls."),
        new(SourceUnavailable, Unavailable, Retryable, "Check that the source serves the video, and retry the call."),
        new(
            MalformedRequest, InvalidArgument, Final,
            "Send the request with stubs generated from this contract; a proxy may have changed it."),
        new(
            ErrorReason.Unimplemented, StatusCode.Unimplemented, Final,
            "Read the message. Check the method name and the server version; send messages uncompressed or compressed "
            + "with gzip."),
        new(EtagMismatch, Aborted, Final, "Read the job again, and decide again with its new etag."),
        new(EncryptedVideo, InvalidArgument, Final, "Send the video without encryption (DRM)."),
        new(
            DecoderUnavailable, Unavailable, Retryable,
            "Retry later. Operators: repair the FFmpeg of the InferenceService; its log has the output of FFmpeg."),
        new(
            StoreUnavailable, Unavailable, Retryable,
            "Retry after the retry delay, with the same request_id. Operators: check the database."),
        new(
            StorageUnavailable, Unavailable, Retryable,
            "Retry after the retry delay. Operators: the log has the cause; jobs go on when the storage is back."),
        new(
            NodeUnavailable, Unavailable, Retryable,
            "With RetryInfo, retry after its delay; if the node does not come back, create a new upload. Without it, "
            + "call the node itself (ListNodes), or use an API key or a token."),
    }.ToDictionary(entry => entry.Reason);

    /// <summary>All reasons, ordered by number.</summary>
    public static IReadOnlyList<ErrorReasonEntry> All { get; } = [.. Entries.Values.OrderBy(entry => entry.Reason)];

    public static ErrorReasonEntry Of(ErrorReason reason) => Entries.TryGetValue(reason, out var entry)
        ? entry
        : throw new ArgumentOutOfRangeException(nameof(reason), reason, "The reason has no entry.");
}

/// <summary>Properties of a reason.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Code">Status code of every error with this reason.</param>
/// <param name="IsRetryable">Whether the same call can succeed later without any action.</param>
/// <param name="WhatToDo">Advice for the caller, one or two sentences.</param>
public sealed record ErrorReasonEntry(ErrorReason Reason, StatusCode Code, bool IsRetryable, string WhatToDo);

/// <summary>The table as ListErrorReasons returns it.</summary>
public static class ErrorReasonList
{
    /// <summary>All reasons, ordered by number.</summary>
    public static IReadOnlyList<ErrorReasonInfo> All { get; } = [.. ErrorReasonTable.All.Select(ToMessage)];

    private static ErrorReasonInfo ToMessage(ErrorReasonEntry entry) => new()
    {
        Reason = entry.Reason,
        Name = entry.Reason.ToText(),
        Code = (int)entry.Code,
        Retryable = entry.IsRetryable,
        Description = entry.Reason.Describe(),
        WhatToDo = entry.WhatToDo,
    };
}
