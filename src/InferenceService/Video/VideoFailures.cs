using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The errors about a video that callers get. The messages contain neither paths nor FFmpeg's output, which go to the
/// log and, cleaned by <see cref="DecoderLogExcerpt"/>, beside the error.
/// </summary>
internal static class VideoFailures
{
    /// <summary>The request field that names the video.</summary>
    private const string Field = "video";

    public static ServiceException Empty() =>
        OfVideo(ErrorReason.EmptyVideo, "The video has no bytes. Check the file and send it again.");

    public static ServiceException NotAnMp4(string what) =>
        OfVideo(
            ErrorReason.NotAnMp4, $"The video is not a readable MP4: {what} Convert it to MP4 and send it again.",
            ("detail", what));

    public static ServiceException Truncated(string what) =>
        OfVideo(
            ErrorReason.TruncatedMp4, $"The video was cut off: {what} Copy it again and compare the sizes.",
            ("detail", what));

    public static ServiceException NoVideoTrack() =>
        OfVideo(
            ErrorReason.NoVideoTrack,
            "The MP4 has no video track; sound and cover pictures do not count. Send a file with a video track.");

    public static ServiceException NoFrames() =>
        OfVideo(ErrorReason.NoFrames, "The video track has no frames. Record or export the video again.");

    public static ServiceException Undecodable(string what) =>
        OfVideo(
            ErrorReason.UndecodableVideo, $"The video cannot be decoded: {what} Re-encode it, for example as H.264.",
            ("detail", what));

    public static ServiceException DecoderLost(string what, Exception? cause = null) =>
        new(
            ErrorReason.DecoderLost,
            $"The decoder process ended, and the video is not the reason: {what} Try again.",
            cause)
        {
            Metadata = new Dictionary<string, string> { ["detail"] = what },
            RetryAfter = TimeSpan.FromSeconds(1),
        };

    /// <summary>The decoder refused a frame for its size.</summary>
    public static ServiceException FrameTooLarge(VideoOptions limits) => LimitExceeded(
        nameof(limits.MaxFramePixels), limits.MaxFramePixels, "pixels", "A frame of the video is larger.");

    /// <summary>The video exceeds a limit of <see cref="VideoOptions"/>.</summary>
    /// <param name="option">Name of the property in <see cref="VideoOptions"/>.</param>
    /// <param name="limit">The limit in force, with its unit.</param>
    /// <param name="what">A full sentence that says what is too large.</param>
    public static ServiceException LimitExceeded(string option, string limit, string what) =>
        OfVideo(
            ErrorReason.VideoLimitExceeded, $"{what} The limit is {limit} (option {VideoOptions.Section}:{option}).",
            ("option", $"{VideoOptions.Section}:{option}"), ("limit", limit), ("detail", what));

    /// <inheritdoc cref="LimitExceeded(string, string, string)" />
    public static ServiceException LimitExceeded(string option, long limit, string unit, string what) =>
        LimitExceeded(option, string.Create(CultureInfo.InvariantCulture, $"{limit} {unit}"), what);

    private static ServiceException OfVideo(
        ErrorReason reason, string message, params (string Key, string Value)[] metadata) =>
        new(reason, message)
        {
            FieldViolations = [new FieldViolation(Field, message)],
            Metadata = metadata.ToDictionary(),
        };
}

/// <summary>Translates the exit of a child process into an error.</summary>
internal static class DecoderExit
{
    /// <summary>.NET reports a process that signal n killed as 128 + n.</summary>
    private const int FirstSignal = 128;

    /// <summary>Exit codes above the highest signal are FFmpeg's own negative error codes.</summary>
    private const int LastSignal = FirstSignal + 64;

    /// <summary>SIGXCPU: the process reached its limit of processor time.</summary>
    private const int CpuTimeUsedUp = FirstSignal + 24;

    /// <summary>The exit code of the shell and of the dynamic loader for a program that cannot run.</summary>
    private const int NotRun = 127;

    private static readonly string[] OutOfMemory =
        ["Cannot allocate memory", "Failed to allocate", "failed to map segment", "bad_alloc"];

    /// <summary>
    /// The error of a process that failed for another reason than the content of the video; null if the content is the
    /// reason.
    /// </summary>
    /// <param name="exitCode">Exit code other than 0.</param>
    /// <param name="tail">Last lines of the process.</param>
    /// <param name="limits">The limits in force, to name the one that the process reached.</param>
    public static ServiceException? ProcessFailure(int exitCode, LogTail tail, VideoOptions limits)
    {
        if (exitCode == CpuTimeUsedUp)
        {
            return VideoFailures.LimitExceeded(
                nameof(limits.ProcessCpuSeconds),
                limits.ProcessCpuSeconds,
                "s",
                "Decoding the video takes too much processor time.");
        }

        if (OutOfMemory.Any(tail.Mentions))
        {
            return VideoFailures.LimitExceeded(
                nameof(limits.ProcessMemoryMebibytes),
                limits.ProcessMemoryMebibytes,
                "MiB",
                "Decoding the video takes too much memory.");
        }

        if (exitCode is > FirstSignal and <= LastSignal)
        {
            return VideoFailures.DecoderLost(
                FormattableString.Invariant($"signal {exitCode - FirstSignal} killed it."));
        }

        return exitCode == NotRun ? VideoFailures.DecoderLost("it could not be run.") : null;
    }

    /// <summary>The error of a segment whose decoder ended early; null if its frames are valid.</summary>
    /// <param name="exitCode">Exit code of the decoder.</param>
    /// <param name="wanted">Number of wanted frames.</param>
    /// <param name="delivered">Number of complete frames.</param>
    /// <param name="tail">Last lines of the decoder.</param>
    /// <param name="limits">The limits in force.</param>
    public static ServiceException? SegmentFailure(
        int exitCode, int wanted, int delivered, LogTail tail, VideoOptions limits)
    {
        if (exitCode != 0 && ProcessFailure(exitCode, tail, limits) is { } failure)
        {
            return failure;
        }

        if (tail.Mentions(SandboxedInput.TooManyPixels))
        {
            return VideoFailures.FrameTooLarge(limits);
        }

        if (delivered == 0 && wanted > 0)
        {
            return VideoFailures.Undecodable("no frame of the range could be decoded.");
        }

        // FFmpeg continues after damaged frames and exits with 0, so another exit code is not damage.
        return exitCode == 0
            ? null
            : VideoFailures.DecoderLost(FormattableString.Invariant($"exit code {exitCode} after {delivered} frames."));
    }
}
