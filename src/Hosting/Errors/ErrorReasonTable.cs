using ForegSyte.V1;
using Grpc.Core;
using static ForegSyte.V1.ErrorReason;
using static Grpc.Core.StatusCode;

namespace ForegSyte.Hosting.Errors;

/// <summary>
/// The one table of reasons: the services answer from it, ListErrorReasons and docs/errors.md show it. What a reason
/// means is said in errors.proto, which also states the code.
/// </summary>
public static class ErrorReasonTable
{
    private const bool Retryable = true;
    private const bool Final = false;

    private static readonly Dictionary<ErrorReason, ErrorReasonEntry> Entries = new ErrorReasonEntry[]
    {
        new(MissingField, InvalidArgument, Final, "Fill the field that the violation names."),
        new(
            InvalidField, InvalidArgument, Final,
            "Correct the field that the violation names; it tells what is allowed."),
        new(UnknownPipeline, InvalidArgument, Final, "Choose a pipeline of ListPipelines."),
        new(
            InvalidPageToken, InvalidArgument, Final,
            "Begin again with an empty page_token, and change no other argument between pages."),
        new(InvalidFilter, InvalidArgument, Final, "Correct the filter where the message says."),
        new(
            EmptyVideo, InvalidArgument, Final,
            "Send the bytes of the video; look whether the file was written to its end."),
        new(
            NotAnMp4, InvalidArgument, Final,
            "Convert the video to an MP4, for example: ffmpeg -i input -c copy output.mp4."),
        new(TruncatedMp4, InvalidArgument, Final, "Get the whole file; it was cut off when it was recorded or copied."),
        new(NoVideoTrack, InvalidArgument, Final, "Send a file with pictures."),
        new(NoFrames, InvalidArgument, Final, "Send a video with at least one frame."),
        new(
            UndecodableVideo, FailedPrecondition, Final,
            "Convert the video, for example: ffmpeg -i input -c:v libx264 output.mp4; look whether it plays."),
        new(
            VideoLimitExceeded, InvalidArgument, Final,
            "Make the video smaller or shorter, or ask the operator to raise the option that the metadata names."),
        new(
            UnsupportedUri, InvalidArgument, Final,
            "Give a uri of a kind that the message names, or the video itself."),
        new(
            SourceNotAllowed, InvalidArgument, Final,
            "Use a source that the server allows, or ask the operator to allow this one."),
        new(
            SourceNotFound, NotFound, Final,
            "Check the path as the server sees it, and that its user may read the file."),
        new(
            MessageTooLarge, ResourceExhausted, Final,
            "Send the video the other way that the message names, or ask for less at a time."),
        new(
            RequestIdConflict, AlreadyExists, Final,
            "Use a new request_id for a new job; for a repeated call send the same body."),
        new(
            JobNotFound, NotFound, Final,
            "Check the job_id; ListJobs lists the jobs that there are. Jobs may have been deleted."),
        new(
            ResultsNotReady, FailedPrecondition, Final,
            "Wait with WaitJob until segments are finished. A job that ended without results has none: see its error."),
        new(
            ResultsDamaged, DataLoss, Final,
            "Submit the video again, or ask the operator to restore or rebuild the results."),
        new(
            StorageFull, ResourceExhausted, Retryable,
            "Come back later, or delete jobs that are no longer needed; the operator can add space."),
        new(
            InvalidFrameRange, InvalidArgument, Final,
            "Ask for frames within the video; ProbeVideo tells how many it has."),
        new(
            StageFailed, StatusCode.Internal, Final,
            "Tell the operator, with the node that the metadata names and the job's id."),
        new(DecoderLost, Unavailable, Retryable, "Repeat the call. A job is tried again by itself."),
        new(ResultsTooLarge, ResourceExhausted, Final, "Ask for fewer frames in a call, or a larger stride."),
        new(InferenceBusy, ResourceExhausted, Retryable, "Come back after the retry delay, or go to another instance."),
        new(
            InferenceUnavailable, Unavailable, Retryable,
            "Repeat the call after a while. A job is tried again by itself."),
        new(
            ErrorReason.DeadlineExceeded, StatusCode.DeadlineExceeded, Retryable,
            "Give the call more time, or ask for less; where the metadata names an option, the operator can raise it."),
        new(ShuttingDown, Unavailable, Retryable, "Repeat the call on another instance, or after the retry delay."),
        new(LeaseLost, Aborted, Retryable, "Nothing: the job goes on in its next attempt."),
        new(ErrorReason.Cancelled, StatusCode.Cancelled, Retryable, "Nothing: the caller's side ended the call."),
        new(
            ErrorReason.Internal, StatusCode.Internal, Final,
            "Tell the operator the errorId of the metadata: the log has the cause under it."),
        new(
            WrongJobStatus, FailedPrecondition, Final,
            "Read the job; the metadata has its status and those in which the call is allowed."),
        new(QueueFull, ResourceExhausted, Retryable, "Come back after the retry delay."),
        new(VideoGone, FailedPrecondition, Final, "Submit the video again."),
        new(JobCancelled, StatusCode.Cancelled, Final, "Nothing, or RetryJob to go on with the job."),
        new(UploadNotFound, NotFound, Final, "Begin a new upload with CreateUpload."),
        new(
            UploadIncomplete, FailedPrecondition, Final,
            "Ask GetUpload which bytes are missing and send them with UploadPart."),
        new(
            UploadContentMismatch, FailedPrecondition, Final,
            "Abort the upload and send the file again; it changed on the way or while it was read."),
        new(PartChecksumMismatch, InvalidArgument, Final, "Send the part again, with the CRC-32C of its data."),
        new(
            TooManyUploads, ResourceExhausted, Retryable,
            "Finish or abort open uploads, or come back later; abandoned ones expire."),
        new(UploadBusy, Aborted, Retryable, "Repeat the call after a while; it may answer that the upload is gone."),
        new(
            ErrorReason.Unauthenticated, StatusCode.Unauthenticated, Final,
            "Send credentials that this server knows and that have not expired."),
        new(
            ErrorReason.PermissionDenied, StatusCode.PermissionDenied, Final,
            "Ask the operator for the permission that the metadata names."),
        new(RateLimited, ResourceExhausted, Retryable, "Come back after the retry delay, and make fewer calls."),
        new(
            TenantQuotaExceeded, ResourceExhausted, Final,
            "Wait for jobs to end or delete some, or ask the operator for a larger quota."),
        new(
            TooManyCalls, ResourceExhausted, Retryable,
            "Come back after the retry delay, and make fewer calls at a time."),
        new(SourceUnavailable, Unavailable, Retryable, "Check that the source gives the video, and repeat the call."),
        new(
            MalformedRequest, InvalidArgument, Final,
            "Make the request with stubs of this contract; something on the way may have changed it."),
        new(
            ErrorReason.Unimplemented, StatusCode.Unimplemented, Final,
            "Check the name of the method and the version of the server; send messages unpacked or packed with gzip."),
    }.ToDictionary(entry => entry.Reason);

    /// <summary>All reasons in the order of their numbers.</summary>
    public static IReadOnlyList<ErrorReasonEntry> All { get; } = [.. Entries.Values.OrderBy(entry => entry.Reason)];

    /// <summary>The entry of a reason.</summary>
    public static ErrorReasonEntry Of(ErrorReason reason) => Entries.TryGetValue(reason, out var entry)
        ? entry
        : throw new ArgumentOutOfRangeException(nameof(reason), reason, "The reason has no entry.");
}
