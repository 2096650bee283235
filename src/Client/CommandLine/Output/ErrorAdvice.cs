using ForegSyte.Client;
using ForegSyte.CommandLine.Running;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.CommandLine.Output;

/// <summary>What a person can do about an error, in terms of this command line.</summary>
internal static class ErrorAdvice
{
    /// <summary>One sentence; null where the message says it all.</summary>
    public static string? For(Exception failure) => failure switch
    {
        ForegSyteException { Code: StatusCode.Unavailable, Reason: ErrorReason.Unspecified } =>
            $"Start the server, or name another one with --server ADDRESS or {GlobalOptions.ServerVariable}.",
        ForegSyteException { Reason: ErrorReason.QueueFull } full => QueueFullAdvice(full.RetryAfter),
        ForegSyteException { RetryAfter: { } delay } =>
            $"The server asks to come back in {DurationText.Format(delay)}.",
        ForegSyteException { Reason: ErrorReason.UnknownPipeline } =>
            "'foregsyte pipelines' lists the pipelines of this server.",
        ForegSyteException { Reason: ErrorReason.JobNotFound } => "'foregsyte list' shows the newest jobs.",
        ForegSyteException { Reason: ErrorReason.ResultsNotReady } =>
            "'foregsyte results --follow JOB_ID' waits for the first results; 'foregsyte wait JOB_ID' waits until the "
            + "job has ended and says how.",
        ForegSyteException { Reason: ErrorReason.RequestIdConflict } =>
            "Give each video a --request-id of its own, or leave it out.",
        ForegSyteException { Reason: ErrorReason.MessageTooLarge } =>
            "Leave --transfer out: the video is then uploaded in parts.",
        ForegSyteException { Reason: ErrorReason.SourceNotAllowed } =>
            "The server reads videos from where its options allow it only: Submit:AllowedRoots, Sources:AllowedHosts, "
            + "Sources:S3:Buckets. 'foregsyte submit FILE' without --transfer sends the video itself.",
        ForegSyteException { Reason: ErrorReason.UploadNotFound } =>
            "It has expired, or was aborted. The same command uploads the video anew.",
        ForegSyteException { Reason: ErrorReason.TooManyUploads } =>
            "Come back later: unfinished uploads expire.",
        ForegSyteException { Reason: ErrorReason.WrongJobStatus } =>
            "'foregsyte get JOB_ID' shows the job. 'cancel' ends what is pending or running, 'retry' takes what failed "
            + "or was cancelled, 'delete' takes what has ended.",
        ForegSyteException { Reason: ErrorReason.VideoGone } =>
            "'foregsyte submit FILE' makes a new job of the video.",
        ForegSyteException { Reason: ErrorReason.JobCancelled } => "'foregsyte retry JOB_ID' runs the job again.",
        _ => null,
    };

    private static string QueueFullAdvice(TimeSpan? delay)
    {
        var when = delay is { } asked ? $"in {DurationText.Format(asked)}" : "later";
        return $"Come back {when}. 'foregsyte submit' and 'analyze' wait by themselves with --wait-for-place; "
            + "'foregsyte list --status pending' shows what waits.";
    }
}
