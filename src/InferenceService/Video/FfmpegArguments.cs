using System.Globalization;
using System.Text;

namespace ForegSyte.Inference.Video;

/// <summary>Makes the command line of a decoder.</summary>
internal static class FfmpegArguments
{
    /// <summary>
    /// Arguments that make ffmpeg write the wanted frames as packed RGB to its output, and for each a line with its
    /// timestamp to its error output, in the same order.
    /// </summary>
    /// <param name="path">Canonical path of the video.</param>
    /// <param name="index">The video.</param>
    /// <param name="plan">The wanted frames.</param>
    /// <param name="size">Size of a frame as it leaves the decoder.</param>
    /// <param name="options">Limits, and the threads of the decoder.</param>
    /// <param name="hardware">Arguments that select a hardware decoder; empty for the processor.</param>
    public static IReadOnlyList<string> Make(
        string path,
        VideoIndex index,
        DecodePlan plan,
        FrameSize size,
        VideoOptions options,
        IReadOnlyList<string> hardware) =>
    [
        // "repeat" keeps two equal lines apart. "level" tells FFmpeg's lines from text that the file contains.
        "-hide_banner", "-nostats", "-nostdin", "-loglevel", "repeat+level+info",
        .. SandboxedInput.Arguments(options),
        "-threads", Text(options.DecoderThreads),

        // No hwaccel_output_format: frames come back to memory, so that the same filters serve every decoder, and the
        // processor decodes what the GPU cannot.
        .. hardware,
        .. plan.KeyFramesOnly ? (string[])["-skip_frame", "nokey"] : [],

        // Keeps the container's timestamps, which identify the frames.
        "-copyts",
        .. Seek(index, plan),
        "-i", SandboxedInput.Url(path),
        "-map", "0:V:0", "-an", "-sn", "-dn",
        "-vf", Filters(index, plan, size),

        // Frames are neither doubled nor dropped for a constant rate, and damage does not end the decoder.
        "-fps_mode", "passthrough", "-max_error_rate", "1",
        "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1",
    ];

    /// <summary>
    /// Seeks by the presentation time of the key frame. The demuxer subtracts its own shift between presentation and
    /// decode time (mov_seek_stream); a seek by decode time would be shifted twice and land one key frame too early.
    /// </summary>
    private static IEnumerable<string> Seek(VideoIndex index, DecodePlan plan) =>
        plan.SeekTo is { } point
            ?
            [
                "-noaccurate_seek", "-seek_timestamp", "1",
                "-ss", Text(index.TimeBase.ToMicrosecondsCeiling(point.PresentationTicks)) + "us",
            ]
            : [];

    /// <summary>
    /// FFmpeg puts the rotation in front of these filters. The size is explicit because a stream may change its size in
    /// the middle.
    /// </summary>
    private static string Filters(VideoIndex index, DecodePlan plan, FrameSize size) =>
        string.Join(',', [
            .. FrameSelection.Filters(index, plan),
            $"scale={Text(size.Width)}:{Text(size.Height)}:flags={Scaler(index, size)}",
            "format=rgb24",
            "showinfo=checksum=0",
        ]);

    /// <summary>
    /// A frame that is scaled down for a detector is sampled like the detector's training images: OpenCV's INTER_LINEAR
    /// takes two pixels of a row, not a mean. That is more accurate (mAP@0.5 of NanoDet 0.951 against 0.933,
    /// `make accuracy ARGS=objects`) and takes a third of the time. A frame of its own size keeps the finer colour
    /// conversion.
    /// </summary>
    private static string Scaler(VideoIndex index, FrameSize size) =>
        size == new FrameSize(index.Info.Width, index.Info.Height) ? "bilinear" : "fast_bilinear";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// Filters that let only the wanted frames leave the decoder. They select by timestamp, because a damaged frame would
/// shift a count.
/// </summary>
internal static class FrameSelection
{
    /// <summary>
    /// Maximum number of frames that an expression names: a name takes about 30 characters, and Linux allows 128 KiB an
    /// argument. Above it all frames of the range go through the pipe, and the reader drops the unwanted ones.
    /// </summary>
    public const int MaxNamedFrames = 2048;

    /// <summary>FFmpeg's filters, to be joined with commas.</summary>
    public static IEnumerable<string> Filters(VideoIndex index, DecodePlan plan)
    {
        // end_pts also lets the decoder stop.
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"trim=start_pts={index.TicksOf(plan.FirstWanted)}:end_pts={index.TicksOf(plan.LastWanted) + 1}");
        if (plan.Stride > 1 && plan.WantedCount is > 1 and <= MaxNamedFrames)
        {
            var expression = new StringBuilder("select='");
            AppendSearch(expression, index, plan, 0, plan.WantedCount);
            yield return expression.Append('\'').ToString();
        }
    }

    /// <summary>Writes a binary search as an expression, which FFmpeg evaluates in log n steps a frame.</summary>
    private static void AppendSearch(StringBuilder expression, VideoIndex index, DecodePlan plan, int from, int to)
    {
        if (to - from == 1)
        {
            expression.Append(CultureInfo.InvariantCulture, $"eq(pts,{Ticks(from)})");
            return;
        }

        var middle = (from + to) / 2;
        expression.Append(CultureInfo.InvariantCulture, $"if(lt(pts,{Ticks(middle)}),");
        AppendSearch(expression, index, plan, from, middle);
        expression.Append(',');
        AppendSearch(expression, index, plan, middle, to);
        expression.Append(')');

        long Ticks(int wanted) => index.TicksOf(plan.FirstWanted + (wanted * plan.Stride));
    }
}

/// <summary>
/// FFmpeg options that keep ffmpeg and ffprobe to the one file that they are given. They name the demuxer, because a
/// playlist or a concat list called .mp4 would make FFmpeg open other files and servers. They forbid an MP4's
/// references to data elsewhere (ISO/IEC 14496-12, "dref").
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
    public static string[] Arguments(VideoOptions options) =>
    [
        "-protocol_whitelist", "file", "-format_whitelist", "mov",
        "-f", "mov", "-enable_drefs", "0", "-use_absolute_path", "0",
        "-max_pixels", MaxCodedPixels(options).ToString(CultureInfo.InvariantCulture),
    ];

    /// <summary>Maximum pixels of a coded frame; the largest allowed frame fits.</summary>
    internal static int MaxCodedPixels(VideoOptions options) =>
        options.MaxFramePixels + (2 * LargestBlock * options.MaxFrameSidePixels) + (LargestBlock * LargestBlock);

    /// <summary>The input as a URL, so that a path with a colon or a leading dash keeps its meaning.</summary>
    public static string Url(string path) => "file:" + path;
}
