using System.Globalization;
using System.Text;
using ForegSyte.Video;

namespace ForegSyte.Annotation;

/// <summary>FFmpeg's arguments for an annotated copy: what it reads, draws and encodes (ADR 32).</summary>
/// <param name="index">The video.</param>
/// <param name="clock">When the copy shows its frames.</param>
/// <param name="script">Path of the script, without characters that a filter's argument would need to escape.</param>
/// <param name="fonts">Path of the folder of fonts, likewise.</param>
internal sealed class CopyGraph(VideoIndex index, CopyClock clock, string script, string fonts)
{
    /// <summary>Makes the filter graph of a part, whose output is [copy].</summary>
    /// <param name="start">First frame.</param>
    /// <param name="end">Frame after the last one.</param>
    /// <param name="shift">Ticks to subtract from the times.</param>
    public string Make(int start, int end, long shift)
    {
        var chain = string.Join(',', Filters(start, end, shift));

        // A graph with two inputs: FFmpeg copies the display matrix of the source to an output with a single input.
        var input = $"[0:{Text(index.StreamIndex)}]";
        return $"{input}trim=end_frame=1,nullsink;{input}{chain}[copy]";
    }

    /// <summary>The arguments of the input, behind those of <see cref="SandboxedInput"/>.</summary>
    /// <param name="index">The video.</param>
    /// <param name="seek">Where the decoder starts; null for the beginning.</param>
    /// <param name="path">Path of the video.</param>
    public static string[] Input(VideoIndex index, SeekPoint? seek, string path) =>
    [
        // Keeps the container's timestamps, which identify the frames.
        "-copyts",
        .. seek is { } point
            ? (string[])["-noaccurate_seek", "-seek_timestamp", "1", "-ss", Microseconds(index, point)]
            : [],
        "-noautorotate",
        "-i", SandboxedInput.Url(path),
    ];

    /// <summary>The arguments of the output [copy] of a part, before those of its container.</summary>
    /// <param name="clock">When the copy shows its frames.</param>
    /// <param name="end">Frame after the last one of the part.</param>
    /// <param name="preset">Preset of x264.</param>
    /// <param name="constantRateFactor">Constant rate factor of x264.</param>
    public static string[] Output(CopyClock clock, int end, string preset, int constantRateFactor)
    {
        var lastDuration = end == clock.FrameCount
            ? clock.LastDuration
            : clock.TicksOf(end) - clock.TicksOf(end - 1);
        return
        [
            "-map", "[copy]",
            "-fps_mode", "passthrough", "-max_error_rate", "1",
            "-enc_time_base", $"1:{Text(clock.TicksPerSecond)}",
            "-video_track_timescale", Text(clock.TicksPerSecond),
            "-c:v", "libx264", "-preset", preset, "-crf", Text(constantRateFactor),
            // BT.709, with its tags: otherwise players guess by the size, and the colors shift.
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            // The muxer knows the duration of each frame but the last from the next one. Without expressions for both
            // timestamps, FFmpeg 5.1 makes them equal.
            "-bsf:v", $"setts=pts=PTS:dts=DTS:duration=round({Text(lastDuration)}/{Text(clock.TicksPerSecond)}/TB)",
        ];
    }

    private IEnumerable<string> Filters(int start, int end, long shift) =>
    [
        .. index.HasReliableTimestamps ? ByTimestamp(start, end) : ByPosition(start, end),
        // The orientation and the light levels of the source, which are not those of the copy.
        "sidedata=mode=delete",
        // One size, because a stream may change its size in the middle. RGB, because FFmpeg draws in YUV only with the
        // colors of BT.601 and at half the resolution.
        .. FrameFilters.Upright(index),
        FrameFilters.Scale(index, index.Info.Width, index.Info.Height, "bicubic"),
        .. FrameFilters.ToSdr(index),
        "format=rgb24",
        $"setpts=PTS*{Text(clock.Stretch)}",
        $"ass=filename={script}:fontsdir={fonts}",
        $"setpts=PTS/{Text(clock.Stretch)}-{Text(shift)}",
        "pad=ceil(iw/2)*2:ceil(ih/2)*2", "scale=out_color_matrix=bt709:out_range=tv", "format=yuv420p",
        index.Info.PixelAspectRatio is { Width: > 0, Height: > 0 } pixel
            ? $"setsar={Text(pixel.Width)}/{Text(pixel.Height)}:max={Text(int.MaxValue)}"
            : "setsar=1/1",
    ];

    private IEnumerable<string> ByTimestamp(int start, int end) =>
    [
        .. FrameSelection.Filters(index, new FrameSeries(start, 1, end - start)),
        $"settb=1/{Text(clock.TicksPerSecond)}",
        // Frames with one timestamp follow each other by a tick (CopyClock).
        $"setpts='if(N,max(PTS-{Text(clock.Origin)},PREV_OUTPTS+1),PTS-{Text(clock.Origin)})'",
    ];

    /// <summary>
    /// Gives each frame the time of its packet in the index, where FFmpeg may replace timestamps: the position of a
    /// packet in the file identifies it.
    /// </summary>
    private IEnumerable<string> ByPosition(int start, int end)
    {
        var frames = Enumerable.Range(start, end - start)
            .Select(frame => (Position: index.PositionOf(frame) ?? -1, Ticks: clock.TicksOf(frame)))
            .DistinctBy(frame => frame.Position)
            .OrderBy(frame => frame.Position)
            .ToList();
        var expression = new StringBuilder();
        AppendSearch(0, frames.Count);
        return
        [
            $"settb=1/{Text(clock.TicksPerSecond)}",
            $"setpts='{expression}'",
            // A frame of another part has no time now.
            "select='gte(pts,0)'",
        ];

        // A binary search, which FFmpeg evaluates in log n steps a frame.
        void AppendSearch(int from, int to)
        {
            if (to - from == 1)
            {
                expression.Append(
                    CultureInfo.InvariantCulture, $"if(eq(POS,{frames[from].Position}),{frames[from].Ticks},NAN)");
                return;
            }

            var middle = (from + to) / 2;
            expression.Append(CultureInfo.InvariantCulture, $"if(lt(POS,{frames[middle].Position}),");
            AppendSearch(from, middle);
            expression.Append(',');
            AppendSearch(middle, to);
            expression.Append(')');
        }
    }

    private static string Microseconds(VideoIndex index, SeekPoint point) =>
        Text(index.TimeBase.ToMicrosecondsCeiling(point.PresentationTicks)) + "us";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The font of the labels, which servers and containers often lack.</summary>
internal static class LabelFont
{
    /// <summary>Name of its file.</summary>
    public const string FileName = "DejaVuSansMono-Bold.ttf";

    /// <summary>Opens it.</summary>
    public static Stream Open() =>
        typeof(LabelFont).Assembly.GetManifestResourceStream(FileName)
        ?? throw new InvalidOperationException($"The font {FileName} is not embedded in the assembly.");
}
