namespace ForegSyte.CommandLine.Running;

/// <summary>What the process answers; the numbers are part of the command line's contract.</summary>
internal enum ExitCode
{
    /// <summary>All went well.</summary>
    Ok = 0,

    /// <summary>Anything that has no number of its own.</summary>
    Unexpected = 1,

    /// <summary>The command line, or what it asks for, is not valid.</summary>
    InvalidArgument = 2,

    /// <summary>There is no such job or file.</summary>
    NotFound = 3,

    /// <summary>The job failed.</summary>
    JobFailed = 4,

    /// <summary>The job was cancelled, or the command was interrupted.</summary>
    Cancelled = 5,

    /// <summary>The server cannot be reached or is stopping.</summary>
    Unavailable = 6,

    /// <summary>It took longer than --timeout or a deadline.</summary>
    TimedOut = 7,
}
