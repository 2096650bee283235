namespace ForegSyte.Inference.Video;

/// <summary>
/// Options that keep FFmpeg to the one file that it was given. The demuxer is named, not guessed: a playlist or a
/// concat list called .mp4 would make it open other files, and servers. References of an MP4 to data elsewhere
/// (ISO/IEC 14496-12, "dref") are not followed.
/// </summary>
internal static class ConfinedInput
{
    /// <summary>Arguments before the input.</summary>
    public static readonly string[] Arguments =
        ["-protocol_whitelist", "file", "-f", "mov", "-enable_drefs", "0", "-use_absolute_path", "0"];

    /// <summary>
    /// The input; the scheme keeps a path with a colon or a leading dash from being read as something else.
    /// </summary>
    public static string Url(string path) => "file:" + path;
}
