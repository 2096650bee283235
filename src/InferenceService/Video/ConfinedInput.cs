using System.Globalization;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Options that keep FFmpeg to the one file that it was given. The demuxer is named, not guessed: a playlist or a
/// concat list called .mp4 would make it open other files, and servers. References of an MP4 to data elsewhere
/// (ISO/IEC 14496-12, "dref") are not followed.
/// </summary>
internal static class ConfinedInput
{
    /// <summary>What FFmpeg says of a frame that is larger than <see cref="MaxCodedPixels"/>.</summary>
    public const string TooManyPixels = "exceeds specified max pixel count";

    /// <summary>Codecs code whole blocks: a frame may be larger inside than it is shown. AV1 has the largest.</summary>
    private const int LargestBlock = 128;

    /// <summary>
    /// Arguments before the input. A frame with more pixels than allowed is not decoded, whatever the container says
    /// of its size, and also where the size changes in the middle.
    /// </summary>
    public static string[] Arguments(VideoOptions options) =>
    [
        "-protocol_whitelist", "file", "-format_whitelist", "mov",
        "-f", "mov", "-enable_drefs", "0", "-use_absolute_path", "0",
        "-max_pixels", MaxCodedPixels(options).ToString(CultureInfo.InvariantCulture),
    ];

    /// <summary>Most pixels of a frame as it is coded; those of the largest allowed frame fit.</summary>
    internal static int MaxCodedPixels(VideoOptions options) =>
        options.MaxFramePixels + (2 * LargestBlock * options.MaxFrameSidePixels) + (LargestBlock * LargestBlock);

    /// <summary>
    /// The input; the scheme keeps a path with a colon or a leading dash from being read as something else.
    /// </summary>
    public static string Url(string path) => "file:" + path;
}
