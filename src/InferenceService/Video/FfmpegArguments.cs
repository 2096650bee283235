using System.Globalization;

namespace ForegSyte.Inference.Video;

/// <summary>The command line of the decoder of one segment.</summary>
internal static class FfmpegArguments
{
    /// <summary>
    /// Arguments that make ffmpeg write the wanted frames as packed RGB to its output, and for each a line with its
    /// timestamp to its error output, in the same order.
    /// </summary>
    /// <param name="path">Canonical path of the video.</param>
    /// <param name="index">The video.</param>
    /// <param name="plan">The segment.</param>
    /// <param name="width">Width of a frame in pixels as it leaves.</param>
    /// <param name="height">Height of a frame in pixels as it leaves.</param>
    /// <param name="options">Limits, and the threads of the decoder.</param>
    /// <param name="hardware">Arguments that choose what decodes; empty for the processor.</param>
    public static IReadOnlyList<string> Make(
        string path,
        VideoIndex index,
        DecodePlan plan,
        int width,
        int height,
        VideoOptions options,
        IReadOnlyList<string> hardware) =>
    [
        // "repeat": the same line twice is two frames. "level": tells lines of FFmpeg from lines of the file's making.
        "-hide_banner", "-nostats", "-nostdin", "-loglevel", "repeat+level+info",
        .. ConfinedInput.Arguments(options),
        "-threads", Text(options.DecoderThreads),

        // Without an output format frames come back to memory: the filters are the same whatever decodes, and what
        // the GPU does not know is decoded by the processor.
        .. hardware,
        .. plan.KeyFramesOnly ? (string[])["-skip_frame", "nokey"] : [],

        // Timestamps stay those of the container, so that each frame is known by its own.
        "-copyts",
        .. Seek(index, plan),
        "-i", ConfinedInput.Url(path),
        "-map", "0:V:0", "-an", "-sn", "-dn",
        "-vf", Filters(index, plan, width, height),

        // No frame is doubled or dropped to make a steady rate; a bad stretch is not a reason to give up the rest.
        "-fps_mode", "passthrough", "-max_error_rate", "1",
        "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1",
    ];

    /// <summary>
    /// By the presentation time of the key frame: the demuxer takes its own shift between presentation and decoding off
    /// before it searches (mov_seek_stream). The decode time would be shifted twice and land one key frame early: the
    /// same frames, after a stretch of needless decoding.
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
    /// The rotation is put in front of these by FFmpeg. The size is always given: a stream that changes its size in
    /// the middle still gives frames of one size.
    /// </summary>
    private static string Filters(VideoIndex index, DecodePlan plan, int width, int height) =>
        string.Join(',', [
            .. FrameSelection.Filters(index, plan),
            $"scale={Text(width)}:{Text(height)}:flags={Scaler(index, width, height)}",
            "format=rgb24",
            "showinfo=checksum=0",
        ]);

    /// <summary>
    /// Frames that are made smaller for a detector are sampled as its training sampled them: OpenCV's INTER_LINEAR takes
    /// two pixels of a row and no mean of all. It is found to be more accurate that way (mAP@0.5 of NanoDet 0.951 beside
    /// 0.933, `make accuracy ARGS=objects`), and takes a third of the time. Frames of their own size keep the finer
    /// conversion of colours.
    /// </summary>
    private static string Scaler(VideoIndex index, int width, int height) =>
        width == index.Info.Width && height == index.Info.Height ? "bilinear" : "fast_bilinear";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
