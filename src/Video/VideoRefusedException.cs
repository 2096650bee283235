using System.Globalization;
using ForegSyte.V1;

namespace ForegSyte.Video;

/// <summary>A video that cannot be read. The message says what is wrong and what to do.</summary>
/// <param name="reason">Reason from the published list.</param>
/// <param name="message">For people; contains neither paths nor FFmpeg's output.</param>
/// <param name="metadata">
/// Variable parts of the message: "detail", and for VIDEO_LIMIT_EXCEEDED also "limit", with its unit, and "option", a
/// property of <see cref="VideoLimits"/>.
/// </param>
internal sealed class VideoRefusedException(
    ErrorReason reason, string message, params (string Key, string Value)[] metadata) : Exception(message)
{
    public ErrorReason Reason { get; } = reason;

    public IReadOnlyDictionary<string, string> Metadata { get; } = metadata.ToDictionary();

    public static VideoRefusedException Empty() =>
        new(ErrorReason.EmptyVideo, "The video has no bytes. Check the file and send it again.");

    public static VideoRefusedException NotAnMp4(string what) =>
        new(
            ErrorReason.NotAnMp4, $"The video is not a readable MP4: {what} Convert it to MP4 and send it again.",
            ("detail", what));

    public static VideoRefusedException Truncated(string what) =>
        new(
            ErrorReason.TruncatedMp4, $"The video was cut off: {what} Copy it again and compare the sizes.",
            ("detail", what));

    public static VideoRefusedException NoVideoTrack() =>
        new(
            ErrorReason.NoVideoTrack,
            "The MP4 has no video track; sound and cover pictures do not count. Send a file with a video track.");

    public static VideoRefusedException NoFrames() =>
        new(ErrorReason.NoFrames, "The video track has no frames. Record or export the video again.");

    public static VideoRefusedException Encrypted() =>
        new(
            ErrorReason.EncryptedVideo,
            "The frames of the video are encrypted (DRM). Send the video without encryption.");

    public static VideoRefusedException Undecodable(string what) =>
        new(
            ErrorReason.UndecodableVideo, $"The video cannot be decoded: {what} Re-encode it, for example as H.264.",
            ("detail", what));

    /// <summary>The video exceeds a limit.</summary>
    /// <param name="option">Name of the property in <see cref="VideoLimits"/>.</param>
    /// <param name="limit">The limit in force.</param>
    /// <param name="unit">Its unit.</param>
    /// <param name="what">A full sentence that says what is too large.</param>
    public static VideoRefusedException LimitExceeded(string option, long limit, string unit, string what)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{limit} {unit}");
        return new(
            ErrorReason.VideoLimitExceeded, $"{what} The limit is {text}.",
            ("option", option), ("limit", text), ("detail", what));
    }
}
