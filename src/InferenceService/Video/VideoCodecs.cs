using System.Text.RegularExpressions;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The codecs that FFmpeg may use. Of its hundreds of decoders most serve formats that nobody sends, and have the most
/// vulnerabilities.
/// </summary>
internal static partial class VideoCodecs
{
    /// <summary>The codec of the clip that <see cref="DecoderSelfTest"/> decodes.</summary>
    public const string OfSelfTest = "h264";

    /// <summary>
    /// The codecs of <see cref="VideoOptions.AllowedCodecs"/> if it is empty: what cameras, phones and editors write
    /// into MP4 and QuickTime files, and every sound that these can carry: ffprobe also opens the decoders of sound,
    /// subtitles and cover pictures, and fails if it may not open one.
    /// </summary>
    public static IReadOnlyList<string> Default { get; } =
    [
        OfSelfTest, "hevc", "av1", "vp8", "vp9", "mpeg4", "h263", "mpeg1video", "mpeg2video", "prores", "dnxhd",
        "dvvideo", "mjpeg", "mjpegb", "jpeg2000", "cfhd", "v210", "vc1", "msmpeg4v3", "svq1", "svq3", "cinepak",
        "rpza", "qtrle", "png", "bmp", "rawvideo",
        "aac", "aac_latm", "mp4als", "alac", "mp1", "mp2", "mp3", "mp3adu", "mp3on4", "ac3", "eac3", "truehd", "dts",
        "opus", "vorbis", "flac", "speex", "amr_nb", "amr_wb", "evrc", "qcelp", "gsm", "gsm_ms", "ilbc", "nellymoser",
        "qdm2", "qdmc", "mace3", "mace6", "dvaudio", "wmav1", "wmav2", "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms",
        "pcm_u8", "pcm_s8", "pcm_alaw", "pcm_mulaw", "pcm_s16le", "pcm_s16be", "pcm_u16le", "pcm_u16be", "pcm_s24le",
        "pcm_s24be", "pcm_u24le", "pcm_u24be", "pcm_s32le", "pcm_s32be", "pcm_u32le", "pcm_u32be", "pcm_s64le",
        "pcm_s64be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be",
        "mov_text", "eia_608", "dvd_subtitle",
    ];

    /// <summary>Codecs whose decoders in FFmpeg have other names than the codec, or also others.</summary>
    private static readonly Dictionary<string, string[]> OtherDecoders = new()
    {
        ["av1"] = ["libdav1d", "libaom-av1"],
        ["vp8"] = ["libvpx"],
        ["vp9"] = ["libvpx-vp9"],
        ["mpeg2video"] = ["mpegvideo"],
        ["msmpeg4v3"] = ["msmpeg4"],
        ["mp1"] = ["mp1float"],
        ["mp2"] = ["mp2float"],
        ["mp3"] = ["mp3float"],
        ["mp3adu"] = ["mp3adufloat"],
        ["mp3on4"] = ["mp3on4float"],
        ["mp4als"] = ["als"],
        ["gsm"] = ["libgsm"],
        ["gsm_ms"] = ["libgsm_ms"],
        ["speex"] = ["libspeex"],
        ["opus"] = ["libopus"],
        ["vorbis"] = ["libvorbis"],
        ["amr_nb"] = ["amrnb", "libopencore_amrnb"],
        ["amr_wb"] = ["amrwb", "libopencore_amrwb"],
        ["eia_608"] = ["cc_dec"],
        ["dvd_subtitle"] = ["dvdsub"],
        ["dts"] = ["dca"],
        ["jpeg2000"] = ["libopenjpeg"],
    };

    /// <summary>Whether a text has the form of FFmpeg's names of codecs and decoders.</summary>
    public static bool IsName(string text) => Name().IsMatch(text);

    /// <summary>The names of the decoders of codecs. The name of a decoder stands for itself.</summary>
    public static IReadOnlyList<string> DecodersOf(IEnumerable<string> codecs) =>
        [.. codecs.SelectMany(codec => OtherDecoders.GetValueOrDefault(codec, []).Prepend(codec))];

    /// <summary>The decoder that FFmpeg refused, from its log; null if it refused none.</summary>
    public static string? RefusedIn(IEnumerable<string> log) => log
        .Select(line => Refusal().Match(line))
        .FirstOrDefault(match => match.Success)?.Groups[1].Value;

    [GeneratedRegex("^[a-z0-9_-]{1,40}$")]
    private static partial Regex Name();

    [GeneratedRegex(@"Codec \(([a-z0-9_-]{1,40})\) not on whitelist")]
    private static partial Regex Refusal();
}
