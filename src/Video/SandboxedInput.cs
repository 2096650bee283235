using System.Globalization;

namespace ForegSyte.Video;

/// <summary>
/// FFmpeg options that keep ffmpeg and ffprobe to the one file that they are given. They name the demuxer, because a
/// playlist or a concat list called .mp4 would make FFmpeg open other files and servers. They forbid an MP4's
/// references to data elsewhere (ISO/IEC 14496-12, "dref"), and decoders that nobody needs.
/// </summary>
internal static class SandboxedInput
{
    /// <summary>FFmpeg's message about a frame that is larger than <see cref="MaxCodedPixels"/>.</summary>
    public const string TooManyPixels = "exceeds specified max pixel count";

    /// <summary>Side of the largest block of any codec (AV1). A coded frame is rounded up to whole blocks.</summary>
    private const int LargestBlock = 128;

    /// <summary>
    /// Arguments before the input. FFmpeg does not decode a frame with more than the allowed pixels, whatever size the
    /// container declares, and also if the size changes in the middle.
    /// </summary>
    public static string[] Arguments(VideoLimits limits) =>
    [
        "-protocol_whitelist", "file", "-format_whitelist", "mov",
        "-f", "mov", "-enable_drefs", "0", "-use_absolute_path", "0",
        .. limits.Decoders is { } decoders ? (string[])["-codec_whitelist", string.Join(',', decoders)] : [],
        "-max_pixels", MaxCodedPixels(limits).ToString(CultureInfo.InvariantCulture),
    ];

    /// <summary>Maximum pixels of a coded frame; the largest allowed frame fits.</summary>
    internal static int MaxCodedPixels(VideoLimits limits) =>
        limits.MaxFramePixels + (2 * LargestBlock * limits.MaxFrameSidePixels) + (LargestBlock * LargestBlock);

    /// <summary>The input as a URL, so that a path with a colon or a leading dash keeps its meaning.</summary>
    public static string Url(string path) => "file:" + path;
}
