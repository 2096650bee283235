using System.Globalization;

namespace ForegSyte.Video;

/// <summary>Makes the command lines of ffprobe that read the index of a video.</summary>
internal static class ProbeArguments
{
    private const string FrameEntries = "frame=";

    /// <summary>Keeps samples without bytes, which FFmpeg's parsers drop.</summary>
    public static readonly string[] WithoutParser = ["-fflags", "+noparse"];

    /// <summary>
    /// Lists the video tracks and their packets. "V" leaves out cover and chapter pictures; the start of the format is
    /// that of all tracks.
    /// </summary>
    /// <param name="limits">Limits on videos.</param>
    /// <param name="path">Canonical path of the video.</param>
    /// <param name="withoutParser">Whether a sample of a track has no bytes, or its bytes are missing.</param>
    public static IReadOnlyList<string> Packets(VideoLimits limits, string path, bool withoutParser) => Make(
        limits,
        path,
        "V",
        "packet=stream_index,pts,dts,duration,size,pos,flags:packet_side_data=side_data_type"
            + ":stream=index,id,codec_name,codec_tag_string,width,height,time_base,avg_frame_rate,has_b_frames"
            + ",sample_aspect_ratio,pix_fmt,color_transfer,color_space,color_primaries,nal_length_size"
            + ":stream_disposition=default:stream_side_data=displaymatrix:format=start_time",
        withoutParser ? WithoutParser : []);

    /// <summary>Whether these arguments make ffprobe decode frames.</summary>
    public static bool Decodes(IReadOnlyList<string> arguments) =>
        arguments.Any(argument => argument.StartsWith(FrameEntries, StringComparison.Ordinal));

    /// <summary>Decodes the first frame of a track and tells its display matrix.</summary>
    public static IReadOnlyList<string> FirstFrame(VideoLimits limits, string path, int streamIndex) => Make(
        limits, path, Text(streamIndex), FrameEntries + "pkt_pos:frame_side_data=displaymatrix",
        "-read_intervals", "%+#1");

    /// <summary>Decodes a track and lists its frames in the order in which they are shown.</summary>
    /// <param name="limits">Limits on videos.</param>
    /// <param name="path">Canonical path of the video.</param>
    /// <param name="streamIndex">FFmpeg's index of the stream.</param>
    /// <param name="maxPackets">Number of packets to decode; null for all.</param>
    public static IReadOnlyList<string> OutputOrder(
        VideoLimits limits, string path, int streamIndex, int? maxPackets) => Make(
        limits,
        path,
        Text(streamIndex),
        FrameEntries + "pkt_pos",
        maxPackets is { } count ? ["-read_intervals", "%+#" + Text(count)] : []);

    private static IReadOnlyList<string> Make(
        VideoLimits limits, string path, string streams, string entries, params string[] more) =>
    [
        "-v", "error", .. SandboxedInput.Arguments(limits),
        "-select_streams", streams, "-show_entries", entries, .. more, "-of", "compact",
        "-i", SandboxedInput.Url(path),
    ];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
