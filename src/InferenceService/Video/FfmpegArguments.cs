using System.Globalization;
using System.Text;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>Makes the command line of a decoder.</summary>
internal static class FfmpegArguments
{
    /// <summary>
    /// Makes the decoder compare its pictures with the hashes that a stream may carry (HEVC: ITU-T H.265, D.3.19) and
    /// complain. It costs nothing without hashes.
    /// </summary>
    private static readonly string[] VerifyHashes = ["-err_detect", "crccheck"];

    /// <summary>Whether the log has the messages for <see cref="HevcPictures"/>.</summary>
    public static bool TellsPictures(VideoIndex index) => index.Info.Codec == "hevc";

    /// <summary>
    /// Arguments that make ffmpeg write the wanted frames as packed RGB to its output, and for each a line with its
    /// timestamp to its error output, in the same order.
    /// </summary>
    /// <param name="path">Path of the video in the sandbox.</param>
    /// <param name="index">The video.</param>
    /// <param name="plan">The wanted frames.</param>
    /// <param name="size">Size of a frame as it leaves the decoder.</param>
    /// <param name="threads">
    /// Threads of the decoder, and of its filters, which otherwise take one for each processor.
    /// </param>
    /// <param name="options">Limits.</param>
    /// <param name="hardware">Arguments that select a hardware decoder; empty for the processor.</param>
    public static IReadOnlyList<string> Make(
        string path,
        VideoIndex index,
        DecodePlan plan,
        FrameSize size,
        int threads,
        VideoOptions options,
        IReadOnlyList<string> hardware) =>
    [
        // "repeat" keeps two equal lines apart. "level" tells FFmpeg's lines from text that the file contains.
        "-hide_banner", "-nostats", "-nostdin", "-loglevel", LogLevel(index),
        .. SandboxedInput.Arguments(options.Limits), .. VerifyHashes,
        "-threads", Text(threads), "-filter_threads", Text(threads),

        // No hwaccel_output_format: frames come back to memory, so that the same filters serve every decoder, and the
        // processor decodes what the GPU cannot.
        .. hardware,
        .. plan.KeyFramesOnly ? (string[])["-skip_frame", "nokey"] : [],

        // Keeps the container's timestamps, which identify the frames.
        "-copyts",
        .. Seek(index, plan.SeekTo),
        "-noautorotate",
        "-i", SandboxedInput.Url(path),
        "-map", "0:" + Text(index.StreamIndex), "-an", "-sn", "-dn",
        "-vf", Filters(index, plan, size),

        // Frames are neither doubled nor dropped for a constant rate, and damage does not end the decoder.
        "-fps_mode", "passthrough", "-max_error_rate", "1",
        "-pix_fmt", "rgb24", "-f", "rawvideo",

        // Each frame leaves FFmpeg at once: small frames would wait in its buffer while their timestamps arrive.
        "-flush_packets", "1", "pipe:1",
    ];

    /// <summary>
    /// Arguments that make ffmpeg decode on one thread and name each packet and each frame in its log, in which
    /// <see cref="DamageLog"/> finds damaged frames.
    /// </summary>
    /// <param name="path">Path of the video in the sandbox.</param>
    /// <param name="index">The video.</param>
    /// <param name="start">Start of the decoder; null for the beginning of the file.</param>
    /// <param name="lastFrame">The last frame to decode.</param>
    /// <param name="options">Limits.</param>
    public static IReadOnlyList<string> MakeScan(
        string path, VideoIndex index, SeekPoint? start, int lastFrame, VideoOptions options) =>
    [
        "-hide_banner", "-nostats", "-nostdin", "-loglevel", LogLevel(index), "-debug_ts",
        .. SandboxedInput.Arguments(options.Limits), .. VerifyHashes,
        "-threads", "1", "-filter_threads", "1", "-copyts",
        .. index.HasEmptySamples ? ProbeArguments.WithoutParser : [],
        .. Seek(index, start),
        "-noautorotate",
        "-i", SandboxedInput.Url(path),
        "-map", "0:" + Text(index.StreamIndex), "-an", "-sn", "-dn",

        // Where FFmpeg may replace timestamps, they say nothing about the end.
        "-vf", index.HasReliableTimestamps ? "trim=end_pts=" + Text(index.TicksOf(lastFrame) + 1) : "null",
        "-fps_mode", "passthrough", "-max_error_rate", "1",
        "-f", "null", "-",
    ];

    private static string LogLevel(VideoIndex index) =>
        TellsPictures(index) ? "repeat+level+debug" : "repeat+level+info";

    /// <summary>
    /// Seeks by the presentation time of the key frame. The demuxer subtracts its own shift between presentation and
    /// decode time (mov_seek_stream); a seek by decode time would be shifted twice and land one key frame too early.
    /// </summary>
    private static IEnumerable<string> Seek(VideoIndex index, SeekPoint? start) =>
        start is { } point
            ?
            [
                "-noaccurate_seek", "-seek_timestamp", "1",
                "-ss", Text(index.TimeBase.ToMicrosecondsCeiling(point.PresentationTicks)) + "us",
            ]
            : [];

    /// <summary>The size is explicit because a stream may change its size in the middle.</summary>
    private static string Filters(VideoIndex index, DecodePlan plan, FrameSize size) =>
        string.Join(',', [
            .. FrameSelection.Filters(index, plan.Series),
            .. FrameFilters.Upright(index),

            // In front of the scaler: with copies the frames get other timestamps.
            "showinfo=checksum=0",
            .. size.Copies.Sizes.IsEmpty
                ? (string[])[Scale(index, size.Width, size.Height)]
                : [SideBySide(index, size)],
        ]);

    /// <summary>
    /// The frame and its copies, padded to one height. hstack pairs frames by their timestamps, and two frames of a
    /// video can have the same one, or one that hstack's clock cannot express, so each gets its number.
    /// </summary>
    private static string SideBySide(VideoIndex index, FrameSize size)
    {
        (int Width, int Height)[] pictures = [(size.Width, size.Height), .. size.Copies.Sizes];
        var filters = new StringBuilder("settb=1,setpts=N,split=").Append(Text(pictures.Length));
        var (parts, names) = (new StringBuilder(), new StringBuilder());
        foreach (var (position, (width, height)) in pictures.Index())
        {
            filters.Append(CultureInfo.InvariantCulture, $"[i{position}]");
            names.Append(CultureInfo.InvariantCulture, $"[o{position}]");
            var pad = height == size.BufferHeight ? "" : $",pad=iw:{Text(size.BufferHeight)}:0:0";
            var scale = Scale(index, width, height);
            parts.Append(CultureInfo.InvariantCulture, $";[i{position}]{scale}{pad}[o{position}]");
        }

        return $"{filters}{parts};{names}hstack=inputs={Text(pictures.Length)}";
    }

    /// <summary>
    /// Scales by a mean over the pixels of an area. Sampling two pixels of a row takes a third of the time, but then
    /// the detector finds more objects that are not there (ADR 34).
    /// </summary>
    private static string Scale(VideoIndex index, int width, int height) =>
        string.Join(',', [
            FrameFilters.Scale(index, width, height, "area"), .. FrameFilters.ToSdr(index), "format=rgb24",
        ]);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
