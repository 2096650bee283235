namespace ForegSyte.CommandLine.Running;

/// <summary>What the process answers; the numbers are part of the command line's contract.</summary>
internal enum ExitCode
{
    /// <summary>All went well.</summary>
    Ok = 0,

    /// <summary>Anything that has no number of its own.</summary>
    Unexpected = 1,

    /// <summary>The command line is not valid, or the job's status does not allow what it asks for.</summary>
    InvalidArgument = 2,

    /// <summary>There is no such job, file or upload, or a job's video is gone.</summary>
    NotFound = 3,

    /// <summary>The job failed.</summary>
    JobFailed = 4,

    /// <summary>The job was cancelled, or the command was interrupted or its question answered with no.</summary>
    Cancelled = 5,

    /// <summary>The server cannot be reached, is stopping, or takes no more jobs or uploads now.</summary>
    Unavailable = 6,

    /// <summary>It took longer than --timeout or a deadline.</summary>
    TimedOut = 7,
}
