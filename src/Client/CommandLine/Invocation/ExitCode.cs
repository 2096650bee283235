using ForegSyte.Client;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>Exit codes of the process; the numbers are part of the command line's contract.</summary>
internal enum ExitCode
{
    Ok = 0,

    /// <summary>Any failure without a code of its own.</summary>
    Unexpected = 1,

    /// <summary>The arguments are invalid, or the status of the job does not allow the command.</summary>
    InvalidArgument = 2,

    /// <summary>The job, file, upload or video does not exist.</summary>
    NotFound = 3,

    JobFailed = 4,

    /// <summary>The job was cancelled, the command was interrupted, or the user declined a confirmation.</summary>
    Cancelled = 5,

    /// <summary>The server cannot be reached, is shutting down, busy or full.</summary>
    Unavailable = 6,

    /// <summary>The command exceeded --timeout or a deadline.</summary>
    TimedOut = 7,

    /// <summary>The server rejected the credentials or the permission.</summary>
    Denied = 8,
}

/// <summary>Maps failures and job statuses to exit codes.</summary>
internal static class ExitCodes
{
    /// <summary>The codes for --help.</summary>
    public const string Help =
        """
        Exit codes:
          0  success
          1  unexpected error
          2  invalid arguments, or not allowed in the status of the job
          3  job, file, upload or video not found
          4  the job failed
          5  the job was cancelled, or the command was interrupted
          6  the server cannot be reached, is busy or full, or accepts no more jobs or uploads now
          7  timeout
          8  not authenticated, or permission denied
        """;

    public static ExitCode Of(Exception failure) => failure switch
    {
        _ when HasNoConnection(failure) => ExitCode.Unavailable,
        ForegSyteException refused => Of(refused.Reason) ?? Of(refused.Code),
        // The client rejects arguments that contradict each other.
        ArgumentException => ExitCode.InvalidArgument,
        FileNotFoundException or DirectoryNotFoundException => ExitCode.NotFound,
        TimeoutException => ExitCode.TimedOut,
        OperationCanceledException => ExitCode.Cancelled,
        _ => ExitCode.Unexpected,
    };

    public static ExitCode Of(JobStatus status) => status switch
    {
        JobStatus.Failed => ExitCode.JobFailed,
        JobStatus.Cancelled => ExitCode.Cancelled,
        _ => ExitCode.Ok,
    };

    /// <summary>
    /// Whether the call failed before any answer of a JobService: a wrong port, a server with or without TLS, an
    /// unknown certificate authority.
    /// </summary>
    public static bool HasNoConnection(Exception failure) =>
        failure is ForegSyteException
        {
            Reason: ErrorReason.Unspecified,
            Code: StatusCode.Internal or StatusCode.Unavailable,
            InnerException: RpcException { Status.DebugException: not null },
        };

    // Reasons whose status code alone is ambiguous.
    private static ExitCode? Of(ErrorReason reason) => reason switch
    {
        ErrorReason.MessageTooLarge or ErrorReason.VideoLimitExceeded => ExitCode.InvalidArgument,
        ErrorReason.VideoGone => ExitCode.NotFound,
        ErrorReason.QueueFull or ErrorReason.TooManyUploads or ErrorReason.TenantQuotaExceeded
            or ErrorReason.StorageFull or ErrorReason.RateLimited or ErrorReason.TooManyCalls
            or ErrorReason.InferenceBusy => ExitCode.Unavailable,
        _ => null,
    };

    private static ExitCode Of(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument or StatusCode.OutOfRange or StatusCode.AlreadyExists
            or StatusCode.FailedPrecondition => ExitCode.InvalidArgument,
        StatusCode.NotFound => ExitCode.NotFound,
        StatusCode.Cancelled => ExitCode.Cancelled,
        StatusCode.Unavailable => ExitCode.Unavailable,
        StatusCode.DeadlineExceeded => ExitCode.TimedOut,
        StatusCode.Unauthenticated or StatusCode.PermissionDenied => ExitCode.Denied,
        _ => ExitCode.Unexpected,
    };
}
