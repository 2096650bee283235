using ForegSyte.Media.Tests.Clips;
using ForegSyte.Media.Tests.Mp4Editor;
using ForegSyte.Media.Tests.Pictures;

namespace ForegSyte.Media.Tests.Matrix;

/// <summary>What the numbers of the pixels mean.</summary>
internal static class ColourClips
{
    private const string Axis = "colour";

    /// <summary>PQ and HLG put diffuse white at 58 % and 75 % of the range (ITU-R BT.2408).</summary>
    private const int WhiteOfPq = 148;

    private const int WhiteOfHlg = 191;

    public static IEnumerable<MediaClip> All =>
    [
        Tagged("BT.709", "bt709", "tv") with { IsQuick = true },
        Tagged("BT.709, full range", "bt709", "pc"),
        Tagged("BT.601 of 525 lines", "smpte170m", "tv"),
        Tagged("BT.601, full range", "smpte170m", "pc"),
        new(Axis, "no tags, 1920 x 1080")
        {
            Pictures = new() { Width = 1920, Height = 1080, Count = 6 }, Encode = Encoders.H264,
        },
        new(Axis, "grey") { Encode = [.. Encoders.H264, "-pix_fmt", "gray"], HasColours = false },
        new(Axis, "RGB in H.264")
        {
            Encode = ["-c:v", "libx264rgb", "-preset", "veryfast", "-g", "12", "-pix_fmt", "rgb24"],
        },
        new(Axis, "12 bit HEVC") { Encode = [.. Encoders.Hevc, "-pix_fmt", "yuv420p12le"] },
        new(Axis, "interlaced")
        {
            Encode = [.. Encoders.X264("tff=1:bframes=2:keyint=12"), "-flags", "+ilme+ildct"],
        },
        Hdr("HDR10 (PQ)", "smpte2084", WhiteOfPq) with { IsQuick = true },
        Hdr("HLG", "arib-std-b67", WhiteOfHlg),
        Hdr("HDR10 in fragments", "smpte2084", WhiteOfPq) with
        {
            Encode = [.. HdrEncoder("smpte2084", Encoders.Hevc10), "-movflags", "+frag_keyframe+empty_moov"],
        },
        Hdr("HDR10 in AV1", "smpte2084", WhiteOfPq) with
        {
            Encode = HdrEncoder("smpte2084", [.. Encoders.Av1, "-pix_fmt", "yuv420p10le"]),
        },
        Hdr("HLG in VP9", "arib-std-b67", WhiteOfHlg) with
        {
            Encode = HdrEncoder("arib-std-b67", [.. Encoders.Vp9, "-pix_fmt", "yuv420p10le", "-profile:v", "2"]),
        },
        Hdr("HDR10 in H.264", "smpte2084", WhiteOfPq) with
        {
            Encode = HdrEncoder("smpte2084", [.. Encoders.H264, "-pix_fmt", "yuv420p10le"]),
        },
        Hdr("HDR10 turned by 90", "smpte2084", WhiteOfPq) with
        {
            Pictures = new()
            {
                White = WhiteOfPq, Count = 12, Width = 176, Height = 320, Coded = new Orientation(90),
            },
            Edit = path => Mp4Tree.Edit(
                path, tree => tree.Track().Turn(new Orientation(90), 320, 176)),
        },
        Hdr("SDR in BT.2020", "bt2020-10", 255),
    ];

    private static MediaClip Tagged(string name, string matrix, string range) => new(Axis, name)
    {
        Encode =
        [
            "-vf", $"scale=out_color_matrix={matrix}:out_range={range}", .. Encoders.H264,
            "-colorspace", matrix, "-color_primaries", matrix, "-color_trc", matrix, "-color_range", range,
        ],
        Transfer = matrix,
        ColourTolerance = 12,
    };

    private static MediaClip Hdr(string name, string transfer, int white) => new(Axis, name)
    {
        Pictures = new() { White = white, Count = 12 },
        Encode = HdrEncoder(transfer, Encoders.Hevc10),
        Transfer = transfer,

        // A tone map may choose its greys and colours; numbers must stay legible.
        HasColours = false,
        LeastWhite = 235,
        IsToneMapped = transfer is "smpte2084" or "arib-std-b67",
    };

    private static string[] HdrEncoder(string transfer, string[] encoder) =>
    [
        "-vf", "scale=out_color_matrix=bt2020:out_range=tv", .. encoder,
        "-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", transfer, "-color_range", "tv",
    ];
}
