namespace ForegSyte.Media.Tests.Clips;

/// <summary>Arguments of ffmpeg for the codecs of the matrix.</summary>
internal static class Encoders
{
    /// <summary>H.264 with two B-frames and a key frame every 12 frames.</summary>
    public static readonly string[] H264 =
        ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "12", "-bf", "2", "-threads", "2"];

    /// <summary>H.264 without B-frames: decode and presentation order are the same.</summary>
    public static readonly string[] H264InOrder = [.. H264, "-bf", "0"];

    public static readonly string[] Hevc = X265("");

    public static readonly string[] Hevc10 = [.. Hevc, "-pix_fmt", "yuv420p10le"];

    public static readonly string[] Av1 =
        ["-c:v", "libsvtav1", "-preset", "12", "-g", "12", "-pix_fmt", "yuv420p", "-svtav1-params", "lp=2"];

    public static readonly string[] Vp9 =
        ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "12", "-pix_fmt", "yuv420p"];

    public static readonly string[] Mpeg4 = ["-c:v", "mpeg4", "-q:v", "3", "-g", "12", "-bf", "2"];

    public static readonly string[] Mpeg2 = ["-c:v", "mpeg2video", "-q:v", "3", "-g", "12", "-bf", "2"];

    public static readonly string[] ProRes = ["-c:v", "prores_ks", "-profile:v", "0", "-pix_fmt", "yuv422p10le"];

    public static readonly string[] MotionJpeg = ["-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"];

    /// <summary>H.264 with these options of x264, for example "open-gop=1".</summary>
    public static string[] X264(string options) => [.. H264, "-x264-params", options];

    /// <summary>HEVC with these options of x265.</summary>
    public static string[] X265(string options) =>
    [
        "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1", "-x265-params",
        string.Join(':', ((string[])[
            "keyint=12:min-keyint=12:bframes=2:crf=20:pools=2:log-level=none", options]).Where(text => text != "")),
    ];
}
