using ForegSyte.Hosting.Errors;

namespace ForegSyte.Inference.Video;

/// <summary>What the end of a child process means.</summary>
internal static class DecoderExit
{
    /// <summary>.NET reports a process that signal n ended as 128 + n.</summary>
    private const int FirstSignal = 128;

    /// <summary>The highest signal; exit codes above are FFmpeg's own negative error codes.</summary>
    private const int LastSignal = FirstSignal + 64;

    /// <summary>SIGXCPU: the limit of processor time was reached.</summary>
    private const int CpuTimeUsedUp = FirstSignal + 24;

    /// <summary>The shell's code, and the dynamic loader's, for "could not be run".</summary>
    private const int NotRun = 127;

    private static readonly string[] OutOfMemory =
        ["Cannot allocate memory", "Failed to allocate", "failed to map segment", "bad_alloc"];

    /// <summary>
    /// A failure that has nothing to do with what the video holds; null where the video is the reason.
    /// </summary>
    /// <param name="exitCode">Exit code other than 0.</param>
    /// <param name="tail">Last lines of the process.</param>
    /// <param name="limits">The limits in force, to name the one that was reached.</param>
    public static ServiceException? ProcessFailure(int exitCode, LogTail tail, VideoOptions limits)
    {
        if (exitCode == CpuTimeUsedUp)
        {
            return VideoFailures.LimitExceeded(
                nameof(limits.ProcessCpuSeconds), limits.ProcessCpuSeconds, "s", "The video costs too much computing.");
        }

        if (OutOfMemory.Any(tail.Mentions))
        {
            return VideoFailures.LimitExceeded(
                nameof(limits.ProcessMemoryMebibytes),
                limits.ProcessMemoryMebibytes,
                "MiB",
                "The video needs more memory.");
        }

        if (exitCode is > FirstSignal and <= LastSignal)
        {
            return VideoFailures.DecoderLost(FormattableString.Invariant($"signal {exitCode - FirstSignal} ended it."));
        }

        return exitCode == NotRun ? VideoFailures.DecoderLost("it could not be run.") : null;
    }

    /// <summary>What is wrong with a segment whose decoder ended; null where its frames stand.</summary>
    /// <param name="exitCode">Exit code of the decoder.</param>
    /// <param name="wanted">Frames that were asked for.</param>
    /// <param name="delivered">Frames that came whole.</param>
    /// <param name="tail">Last lines of the decoder.</param>
    /// <param name="limits">The limits in force.</param>
    public static ServiceException? SegmentFailure(
        int exitCode, int wanted, int delivered, LogTail tail, VideoOptions limits)
    {
        if (exitCode != 0 && ProcessFailure(exitCode, tail, limits) is { } failure)
        {
            return failure;
        }

        if (tail.Mentions(ConfinedInput.TooManyPixels))
        {
            return VideoFailures.FrameTooLarge(limits);
        }

        if (delivered == 0 && wanted > 0)
        {
            return VideoFailures.Undecodable("no frame of the asked range could be decoded.");
        }

        // FFmpeg goes on after damaged frames and ends with 0: another code in the middle is not damage.
        return exitCode == 0
            ? null
            : VideoFailures.DecoderLost(FormattableString.Invariant($"exit code {exitCode} after {delivered} frames."));
    }
}
