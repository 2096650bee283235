using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Memory;
using ForegSyte.V1;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The errors about a video that callers get. The messages contain neither paths nor FFmpeg's output, which go to the
/// log and, cleaned by <see cref="DecoderLogExcerpt"/>, beside the error.
/// </summary>
internal static class VideoFailures
{
    /// <summary>The request field that names the video.</summary>
    private const string Field = "video";

    /// <summary>The error of a call about a video that cannot be read; a limit is named as an option.</summary>
    public static ServiceException Of(VideoRefusedException refusal) =>
        refusal.Metadata.TryGetValue("option", out var option)
            ? LimitExceeded(option, refusal.Metadata["limit"], refusal.Metadata["detail"])
            : OfVideo(refusal.Reason, refusal.Message, [.. refusal.Metadata.Select(entry => (entry.Key, entry.Value))]);

    public static ServiceException DecoderLost(string what, Exception? cause = null) =>
        new(
            ErrorReason.DecoderLost,
            $"The decoder process ended, and the video is not the reason: {what} Try again.",
            cause)
        {
            Metadata = new Dictionary<string, string> { ["detail"] = what },
            RetryAfter = TimeSpan.FromSeconds(1),
        };

    /// <summary>The decoder fails on a good clip.</summary>
    /// <param name="failure">How it fails.</param>
    /// <param name="retryAfter">When the service tests the decoder again.</param>
    public static ServiceException DecoderUnavailable(ServiceException failure, TimeSpan retryAfter) =>
        new(
            ErrorReason.DecoderUnavailable,
            "The decoder of the server fails on every video, also on a good clip, so the video is not the reason. "
            + "Retry later; the operator must repair FFmpeg, whose output is in the log of the InferenceService.",
            failure)
        {
            Metadata = new Dictionary<string, string> { ["detail"] = failure.Message },
            RetryAfter = retryAfter,
            LastWords = failure.LastWords,
        };

    /// <summary>The video has a codec that the server does not decode.</summary>
    /// <param name="decoder">FFmpeg's name of the decoder.</param>
    public static ServiceException CodecNotAllowed(string decoder)
    {
        const string Option = $"{VideoOptions.Section}:{nameof(VideoOptions.AllowedCodecs)}";
        return OfVideo(
            ErrorReason.UndecodableVideo,
            $"The video cannot be decoded: it has a track of the codec {decoder}, which this server does not allow "
            + $"(option {Option}). Re-encode it, for example as H.264 with AAC sound.",
            ("detail", $"the codec {decoder} is not allowed."), ("codec", decoder), ("option", Option));
    }

    /// <summary>The decoder refused a frame for its size.</summary>
    public static ServiceException FrameTooLarge(VideoOptions limits) => LimitExceeded(
        nameof(limits.MaxFramePixels), limits.MaxFramePixels, "pixels", "A frame of the video is larger.");

    /// <summary>The video needs more memory than all that the service has for videos.</summary>
    /// <param name="needed">What the segment takes at least, in bytes.</param>
    /// <param name="budget">The budget in bytes.</param>
    public static ServiceException BeyondBudget(long needed, long budget) => MemoryExceeded(
        MemoryOptions.BudgetOption,
        Mebibytes(budget),
        $"Frames of this size and codec take {Mebibytes(needed)} of memory.");

    /// <summary>A decoder takes more memory than the frames of its video explain.</summary>
    /// <param name="limit">The limit of its address space in bytes.</param>
    public static ServiceException BeyondShare(long limit) => MemoryExceeded(
        MemoryOptions.HeadroomOption,
        Mebibytes(limit),
        "Decoding the video takes more memory than its frames explain.");

    /// <summary>Whether a failure is <see cref="BeyondShare"/>.</summary>
    public static bool IsBeyondShare(ServiceException failure) =>
        failure.Reason == ErrorReason.VideoLimitExceeded
        && failure.Metadata.GetValueOrDefault("option") == MemoryOptions.HeadroomOption;

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

    private static ServiceException MemoryExceeded(string option, string limit, string what) => OfVideo(
        ErrorReason.VideoLimitExceeded, $"{what} The limit is {limit} (option {option}).",
        ("option", option), ("limit", limit), ("detail", what));

    private static string Mebibytes(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{(bytes + (1 << 20) - 1) >> 20} MiB");

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

    /// <summary>Beginning of the messages of bwrap(1), which ends before FFmpeg runs.</summary>
    private const string SandboxMessage = "bwrap: ";

    private static readonly string[] OutOfMemory =
        ["Cannot allocate memory", "Failed to allocate", "failed to map segment", "bad_alloc", "get_buffer() failed"];

    /// <summary>
    /// The error of a process that failed for another reason than the content of the video; null if the content is the
    /// reason.
    /// </summary>
    /// <param name="exitCode">Exit code other than 0.</param>
    /// <param name="tail">Last lines of the process.</param>
    /// <param name="limits">The limits in force, to name the one that the process reached.</param>
    /// <param name="addressSpace">
    /// The limit of address space that its share of the memory gives it, in bytes; null if it has no limit at all.
    /// </param>
    public static ServiceException? ProcessFailure(
        int exitCode, LogTail tail, VideoOptions limits, long? addressSpace = long.MaxValue)
    {
        if (exitCode == CpuTimeUsedUp)
        {
            return VideoFailures.LimitExceeded(
                nameof(limits.ProcessCpuSeconds),
                limits.ProcessCpuSeconds,
                "s",
                "Decoding the video takes too much processor time.");
        }

        if (IsOutOfMemory(tail))
        {
            return addressSpace switch
            {
                null => VideoFailures.DecoderLost("it found no free memory."),
                { } share when share >> 20 < limits.ProcessMemoryMebibytes => VideoFailures.BeyondShare(share),
                _ => VideoFailures.LimitExceeded(
                    nameof(limits.ProcessMemoryMebibytes),
                    limits.ProcessMemoryMebibytes,
                    "MiB",
                    "Decoding the video takes too much memory."),
            };
        }

        if (tail.Lines.Any(line => line.StartsWith(SandboxMessage, StringComparison.Ordinal)))
        {
            return VideoFailures.DecoderLost(
                "the sandbox could not open the file; it may have been replaced or removed.");
        }

        if (VideoCodecs.RefusedIn(tail.Lines) is { } decoder)
        {
            return VideoFailures.CodecNotAllowed(decoder);
        }

        if (exitCode is > FirstSignal and <= LastSignal)
        {
            return VideoFailures.DecoderLost(
                FormattableString.Invariant($"signal {exitCode - FirstSignal} killed it."));
        }

        return exitCode == NotRun ? VideoFailures.DecoderLost("it could not be run.") : null;
    }

    /// <summary>FFmpeg asks for no memory for a frame that it refuses for its size.</summary>
    private static bool IsOutOfMemory(LogTail tail) =>
        OutOfMemory.Any(tail.Mentions) && !tail.Mentions(SandboxedInput.TooManyPixels);

    /// <summary>
    /// The error of a process that may have ended well; null if the content of the video explains the end. FFmpeg goes
    /// on after a frame for which it found no memory, and exits with 0 as if the frame were damaged.
    /// </summary>
    /// <inheritdoc cref="ProcessFailure" />
    public static ServiceException? EndFailure(
        int exitCode, LogTail tail, VideoOptions limits, long? addressSpace = long.MaxValue) =>
        exitCode != 0 || IsOutOfMemory(tail)
            ? ProcessFailure(exitCode, tail, limits, addressSpace)
            : null;

    /// <summary>The error of a segment whose decoder ended early; null if its frames are valid.</summary>
    /// <param name="exitCode">Exit code of the decoder.</param>
    /// <param name="wanted">Number of wanted frames.</param>
    /// <param name="delivered">Number of complete frames.</param>
    /// <param name="tail">Last lines of the decoder.</param>
    /// <param name="limits">The limits in force.</param>
    /// <param name="addressSpace">As in <see cref="ProcessFailure"/>.</param>
    public static ServiceException? SegmentFailure(
        int exitCode, int wanted, int delivered, LogTail tail, VideoOptions limits, long? addressSpace = long.MaxValue)
    {
        if (EndFailure(exitCode, tail, limits, addressSpace) is { } failure)
        {
            return failure;
        }

        if (tail.Mentions(SandboxedInput.TooManyPixels))
        {
            return VideoFailures.FrameTooLarge(limits);
        }

        if (delivered == 0 && wanted > 0)
        {
            return VideoFailures.Of(
                VideoRefusedException.Undecodable("no frame of the range could be decoded."));
        }

        // FFmpeg continues after damaged frames and exits with 0, so another exit code is not damage.
        return exitCode == 0
            ? null
            : VideoFailures.DecoderLost(FormattableString.Invariant($"exit code {exitCode} after {delivered} frames."));
    }
}
