using ForegSyte.Media.Tests.Clips;

namespace ForegSyte.Media.Tests.Matrix;

/// <summary>Every codec in every container that takes it.</summary>
internal static class CodecClips
{
    private const string Axis = "codec";

    private static readonly (string Name, string[] Encode, string[] Containers)[] Codecs =
    [
        ("H.264", Encoders.H264, ["mp4", "faststart", "fragmented", "dash", "mov"]),
        ("H.264 10 bit", [.. Encoders.H264, "-pix_fmt", "yuv420p10le"], ["mp4", "fragmented"]),
        ("H.264 4:2:2", [.. Encoders.H264, "-pix_fmt", "yuv422p"], ["mov"]),
        ("H.264 4:4:4", [.. Encoders.H264, "-pix_fmt", "yuv444p"], ["mp4"]),
        ("H.264 in-band parameters", [.. Encoders.H264, "-tag:v", "avc3", "-bsf:v", "dump_extra"], ["mp4"]),
        ("HEVC", Encoders.Hevc, ["mp4", "faststart", "fragmented", "dash", "mov"]),
        ("HEVC hev1", [.. Encoders.Hevc, "-tag:v", "hev1"], ["mp4"]),
        ("HEVC 10 bit", Encoders.Hevc10, ["mp4", "mov"]),
        ("AV1", Encoders.Av1, ["mp4", "faststart", "fragmented", "dash"]),
        ("AV1 10 bit", [.. Encoders.Av1, "-pix_fmt", "yuv420p10le"], ["mp4"]),
        ("VP9", Encoders.Vp9, ["mp4", "faststart", "fragmented"]),
        ("VP9 hidden frames", ["-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", "5", "-g", "24",
            "-auto-alt-ref", "1", "-lag-in-frames", "16", "-pix_fmt", "yuv420p"], ["mp4"]),
        ("MPEG-4", Encoders.Mpeg4, ["mp4", "faststart", "fragmented", "mov"]),
        ("MPEG-2", Encoders.Mpeg2, ["mp4", "fragmented", "mov"]),
        ("ProRes", Encoders.ProRes, ["mov"]),
        ("ProRes 4444 with alpha", ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"], ["mov"]),
        ("Motion JPEG", Encoders.MotionJpeg, ["mp4", "mov"]),
        ("PNG", ["-c:v", "png", "-pix_fmt", "rgb24"], ["mov"]),
        ("QuickTime animation", ["-c:v", "qtrle", "-pix_fmt", "rgb24"], ["mov"]),
        ("raw", ["-c:v", "rawvideo", "-pix_fmt", "yuyv422", "-tag:v", "yuvs"], ["mov"]),
    ];

    private static readonly string[] Quick =
        ["H.264 faststart", "HEVC mp4", "AV1 fragmented", "VP9 mp4", "MPEG-4 mp4", "Motion JPEG mov", "ProRes mov"];

    public static IEnumerable<MediaClip> All =>
        from codec in Codecs
        from container in codec.Containers
        select new MediaClip(Axis, $"{codec.Name} {container}")
        {
            Encode = [.. codec.Encode, .. Muxer(container)],
            Container = container == "mov" ? "mov" : "mp4",
            Pictures = new() { Count = 30 },
            IsQuick = Quick.Contains($"{codec.Name} {container}"),
        };

    private static string[] Muxer(string container) => container switch
    {
        "faststart" => ["-movflags", "+faststart"],
        "fragmented" => ["-movflags", "+frag_keyframe+empty_moov"],
        "dash" => ["-movflags", "+dash+global_sidx", "-frag_duration", "400000"],
        _ => [],
    };
}
