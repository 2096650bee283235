using ForegSyte.Client;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.CommandLine.Running;

/// <summary>The one table from what happened to the exit code.</summary>
internal static class ExitCodes
{
    /// <summary>The table for people, shown by --help.</summary>
    public const string Help =
        """
        Exit codes:
          0  all went well
          1  unexpected error
          2  invalid usage or argument, or not allowed in the job's status
          3  no such job, file, upload or video
          4  the job failed
          5  the job was cancelled, or the command interrupted
          6  the server cannot be reached, or takes no more jobs or uploads now
          7  it took too long
        """;

    /// <summary>The exit code of a failure.</summary>
    public static ExitCode Of(Exception failure) => failure switch
    {
        ForegSyteException refused => Of(refused.Reason) ?? Of(refused.Code),
        FileNotFoundException or DirectoryNotFoundException => ExitCode.NotFound,
        TimeoutException => ExitCode.TimedOut,
        OperationCanceledException => ExitCode.Cancelled,
        _ => ExitCode.Unexpected,
    };

    /// <summary>The exit code of a job that has ended.</summary>
    public static ExitCode Of(JobStatus status) => status switch
    {
        JobStatus.Failed => ExitCode.JobFailed,
        JobStatus.Cancelled => ExitCode.Cancelled,
        _ => ExitCode.Ok,
    };

    // Where the status code alone says too little.
    private static ExitCode? Of(ErrorReason reason) => reason switch
    {
        ErrorReason.MessageTooLarge or ErrorReason.VideoLimitExceeded or ErrorReason.WrongJobStatus =>
            ExitCode.InvalidArgument,
        ErrorReason.VideoGone => ExitCode.NotFound,
        ErrorReason.QueueFull or ErrorReason.TooManyUploads => ExitCode.Unavailable,
        _ => null,
    };

    private static ExitCode Of(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument or StatusCode.OutOfRange or StatusCode.AlreadyExists => ExitCode.InvalidArgument,
        StatusCode.NotFound => ExitCode.NotFound,
        StatusCode.Cancelled => ExitCode.Cancelled,
        StatusCode.Unavailable => ExitCode.Unavailable,
        StatusCode.DeadlineExceeded => ExitCode.TimedOut,
        _ => ExitCode.Unexpected,
    };
}
