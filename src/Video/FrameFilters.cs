using System.Globalization;

namespace ForegSyte.Video;

/// <summary>The colours of decoded frames, as FFmpeg names them.</summary>
/// <param name="Transfer">Transfer characteristics; empty if unknown.</param>
/// <param name="IsMatrixKnown">Whether the video says how YUV was made from RGB.</param>
/// <param name="IsPrimariesKnown">Whether the video says what its red, green and blue are.</param>
internal sealed record FrameColors(string Transfer, bool IsMatrixKnown, bool IsPrimariesKnown)
{
    /// <summary>Whether FFmpeg has the filters of <see cref="FrameFilters.OfToneMapping"/>.</summary>
    public bool CanToneMap { get; init; } = true;

    /// <summary>Whether the frames are HDR: PQ (HDR10, Dolby Vision) or HLG.</summary>
    public bool IsHdr => Transfer is "smpte2084" or "arib-std-b67";
}

/// <summary>
/// FFmpeg's filters between a decoder and everything that looks at frames: models and annotated copies see the same
/// picture. The input needs <c>-noautorotate</c>, and the filters go in this order.
/// </summary>
internal static class FrameFilters
{
    /// <summary>The filters of <see cref="ToSdr"/> that some builds of FFmpeg lack.</summary>
    public static readonly string[] OfToneMapping = ["zscale", "tonemap"];

    /// <summary>
    /// Luminance of diffuse white in HDR (BT.2408), in cd/m². It becomes white; brighter light is compressed into the
    /// levels above 240 of 255.
    /// </summary>
    private const int WhiteNits = 203;

    /// <summary>Height and width from which untagged video is BT.709 instead of BT.601, as in players.</summary>
    private const int MinHighDefinitionWidth = 1280;
    private const int MaxStandardDefinitionHeight = 576;

    /// <summary>Turns frames upright.</summary>
    public static IEnumerable<string> Upright(VideoIndex index) => index.Orientation.Filters;

    /// <summary>
    /// Scales frames, also those of a stream that changes its size, with the right matrix for a conversion to RGB.
    /// </summary>
    /// <param name="index">The video.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="flags">FFmpeg's scaler flags.</param>
    public static string Scale(VideoIndex index, int width, int height, string flags)
    {
        // FFmpeg takes untagged frames of any size for BT.601.
        var matrix = index.Colors.IsMatrixKnown || !IsHighDefinition(index) ? "" : ":in_color_matrix=bt709";
        return string.Create(CultureInfo.InvariantCulture, $"scale={width}:{height}:flags={flags}{matrix}");
    }

    /// <summary>
    /// Maps HDR to SDR with BT.709 colours, as RGB of 8 bits; nothing for SDR, or if FFmpeg lacks the filters.
    /// </summary>
    public static IEnumerable<string> ToSdr(VideoIndex index) =>
        index.Colors is { IsHdr: true, CanToneMap: true } ? ToneMapping(index) : [];

    private static string[] ToneMapping(VideoIndex index) =>
    [
        // HDR without tags for the rest is BT.2020 (BT.2100).
        string.Create(CultureInfo.InvariantCulture, $"zscale=tin={index.Colors.Transfer}")
            + (index.Colors.IsMatrixKnown ? "" : ":min=bt2020nc")
            + (index.Colors.IsPrimariesKnown ? "" : ":pin=bt2020")
            + string.Create(CultureInfo.InvariantCulture, $":t=linear:npl={WhiteNits}:p=bt709"),
        "format=gbrpf32le",
        "tonemap=mobius:param=0.7:peak=5:desat=0",
        "zscale=t=bt709:m=gbr:r=pc",
        "format=gbrp",
    ];

    private static bool IsHighDefinition(VideoIndex index)
    {
        var (width, height) = index.Orientation.IsTurned
            ? (index.Info.Height, index.Info.Width)
            : (index.Info.Width, index.Info.Height);
        return width >= MinHighDefinitionWidth || height > MaxStandardDefinitionHeight;
    }
}
