using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Inference.Video;

/// <summary>What callers are told about a video. No path and no output of FFmpeg: those go to the log, and <see
/// cref="LastWords"/> beside the error.</summary>
internal static class VideoFailures
{
    /// <summary>The field that names the video, of every request that has one.</summary>
    private const string Field = "video";

    public static ServiceException Empty() => OfVideo(ErrorReason.EmptyVideo, "The video has no bytes.");

    public static ServiceException NotAnMp4(string what) =>
        OfVideo(
            ErrorReason.NotAnMp4, $"The video is not a readable MP4: {what} Convert it to MP4 and send it again.",
            ("detail", what));

    public static ServiceException Truncated(string what) =>
        OfVideo(
            ErrorReason.TruncatedMp4, $"The video was cut off: {what} Copy it again and compare the sizes.",
            ("detail", what));

    public static ServiceException NoVideoTrack() =>
        OfVideo(ErrorReason.NoVideoTrack, "The MP4 has no video track; sound and cover pictures do not count.");

    public static ServiceException NoFrames() =>
        OfVideo(ErrorReason.NoFrames, "The video track has no frames to show.");

    public static ServiceException Undecodable(string what) =>
        OfVideo(
            ErrorReason.UndecodableVideo, $"The video cannot be decoded: {what} Re-encode it, for example as H.264.",
            ("detail", what));

    public static ServiceException DecoderLost(string what, Exception? cause = null) =>
        new(ErrorReason.DecoderLost, $"The decoder process ended without a reason of the video's: {what}", cause)
        {
            Metadata = new Dictionary<string, string> { ["detail"] = what },
            RetryAfter = TimeSpan.FromSeconds(1),
        };

    /// <summary>A frame that the decoder refused for its size.</summary>
    public static ServiceException FrameTooLarge(VideoOptions limits) => LimitExceeded(
        nameof(limits.MaxFramePixels), limits.MaxFramePixels, "pixels", "A frame of the video is larger.");

    /// <summary>A limit of <see cref="VideoOptions"/> that the video goes beyond.</summary>
    /// <param name="option">Name of the property in <see cref="VideoOptions"/>.</param>
    /// <param name="limit">The limit in force, with its unit.</param>
    /// <param name="what">What of the video is too large, a full sentence.</param>
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
