using System.Globalization;
using System.Text;
using ForegSyte.Video;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>
/// Draws and encodes a copy, part by part, each with one run of FFmpeg, and joins the parts. A video with few results
/// has one part.
/// </summary>
/// <param name="tools">Runs FFmpeg.</param>
/// <param name="options">Options of the encoder.</param>
/// <param name="inputPath">The analyzed video.</param>
/// <param name="index">Its frames.</param>
/// <param name="clock">When the copy shows them.</param>
/// <param name="folder">An empty folder.</param>
internal sealed class CopyEncoder(
    FfmpegTools tools,
    VideoAnnotatorOptions options,
    string inputPath,
    VideoIndex index,
    CopyClock clock,
    string folder)
{
    // Names without characters that a filter's argument would need to escape; FFmpeg runs in the folder.
    private const string ScriptName = "results.ass";
    private const string FiltersName = "filters.txt";
    private const string FontFolder = "fonts";
    private const string FontName = "DejaVuSansMono-Bold.ttf";
    private const string WholeName = "whole.mp4";
    private const long MicrosecondsPerSecond = 1_000_000;

    private readonly List<(string Name, long StartTick)> _parts = [];

    /// <summary>Where FFmpeg expects the script of the next part.</summary>
    public string ScriptPath => Path.Combine(folder, ScriptName);

    /// <summary>Number of frames written so far.</summary>
    public int FramesDone { get; private set; }

    /// <summary>Writes the font of the labels; servers and containers often have none.</summary>
    public async Task WriteFontAsync(CancellationToken cancellationToken)
    {
        await using var resource = typeof(CopyEncoder).Assembly.GetManifestResourceStream(FontName)
            ?? throw new InvalidOperationException($"The font {FontName} is not embedded in the assembly.");
        var fonts = Directory.CreateDirectory(Path.Combine(folder, FontFolder));
        await using var file = File.Create(Path.Combine(fonts.FullName, FontName));
        await resource.CopyToAsync(file, cancellationToken);
    }

    /// <summary>Encodes the frames of one part with the script at <see cref="ScriptPath"/>.</summary>
    /// <param name="start">First frame.</param>
    /// <param name="end">Frame after the last one.</param>
    /// <param name="framesDone">Receives the number of frames of the copy so far.</param>
    /// <param name="cancellationToken">Ends FFmpeg.</param>
    public async Task EncodeAsync(int start, int end, IProgress<int> framesDone, CancellationToken cancellationToken)
    {
        var isWhole = start == 0 && end == clock.FrameCount;
        var name = isWhole ? WholeName : string.Create(CultureInfo.InvariantCulture, $"part{_parts.Count}.mp4");
        var seek = index.SeekPointFor(start);
        var chain = string.Join(',', Filters(start, end, isWhole ? 0 : clock.TicksOf(start)));
        // A graph with two inputs: FFmpeg copies the display matrix of the source to an output with a single input.
        var input = $"[0:{Text(index.StreamIndex)}]";
        var filters = $"{input}trim=end_frame=1,nullsink;{input}{chain}[copy]";
        await File.WriteAllTextAsync(Path.Combine(folder, FiltersName), filters, cancellationToken);
        var frames = await RunAsync(seek);
        if (seek is not null && frames < end - start)
        {
            // As in the service: frames that a seek misses may still be found from the beginning.
            frames = await RunAsync(seek: null);
        }

        FramesDone += frames;
        if (frames == 0)
        {
            return;
        }

        if (isWhole)
        {
            _parts.Add((name, 0));
        }
        else if (await tools.ReadStartAsync(Path.Combine(folder, name), cancellationToken) is { } seconds)
        {
            // The first frames of a part may be lost.
            _parts.Add((name, clock.TicksOf(start) + (long)Math.Round(seconds * clock.TicksPerSecond)));
        }

        async Task<int> RunAsync(SeekPoint? seek)
        {
            var written = 0;
            await tools.FfmpegAsync(
                Arguments(end, seek, filters, name),
                folder,
                frames =>
                {
                    written = frames;
                    framesDone.Report(FramesDone + frames);
                },
                "create the annotated video",
                cancellationToken);
            return written;
        }
    }

    /// <summary>Joins the parts and moves the copy to its place.</summary>
    public async Task SaveAsync(string outputPath, CancellationToken cancellationToken)
    {
        if (FramesDone == 0)
        {
            throw new AnnotationException("FFmpeg could decode no frame of the video.");
        }

        if (_parts is not [{ Name: WholeName }])
        {
            await JoinAsync(cancellationToken);
        }

        File.Move(Path.Combine(folder, WholeName), outputPath, overwrite: true);
    }

    private List<string> Arguments(int end, SeekPoint? seek, string filters, string name)
    {
        var isWhole = name == WholeName;
        var lastDuration = end == clock.FrameCount
            ? clock.LastDuration
            : clock.TicksOf(end) - clock.TicksOf(end - 1);
        return
        [
            .. SandboxedInput.Arguments(options.Limits),
            // Keeps the container's timestamps, which identify the frames.
            "-copyts",
            .. seek is { } point
                ? (string[])["-noaccurate_seek", "-seek_timestamp", "1", "-ss", Microseconds(point)]
                : [],
            "-noautorotate",
            "-i", SandboxedInput.Url(Path.GetFullPath(inputPath)),
            .. index.HasReliableTimestamps
                ? (string[])["-filter_complex", filters]
                // Names each frame, which is too long for an argument.
                : ["-filter_complex_script", FiltersName],
            "-map", "[copy]",
            "-fps_mode", "passthrough", "-max_error_rate", "1",
            "-enc_time_base", $"1:{Text(clock.TicksPerSecond)}",
            "-video_track_timescale", Text(clock.TicksPerSecond),
            "-c:v", "libx264", "-preset", options.Preset, "-crf", Text(options.ConstantRateFactor),
            // BT.709, with its tags: otherwise players guess by the size, and the colors shift.
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            // The muxer knows the duration of each frame but the last from the next one. Without expressions for both
            // timestamps, FFmpeg 5.1 makes them equal.
            "-bsf:v", $"setts=pts=PTS:dts=DTS:duration=round({Text(lastDuration)}/{Text(clock.TicksPerSecond)}/TB)",
            .. isWhole ? (string[])["-movflags", "+faststart"] : [],
            "-f", "mp4", name,
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
        $"ass=filename={ScriptName}:fontsdir={FontFolder}",
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

    /// <summary>Joins the parts with the concat demuxer, which copies the encoded frames.</summary>
    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        var list = new StringBuilder("ffconcat version 1.0\n");
        for (var i = 0; i < _parts.Count; i++)
        {
            list.Append(CultureInfo.InvariantCulture, $"file {_parts[i].Name}\n");
            if (i + 1 < _parts.Count)
            {
                // Differences of rounded times, so that the error does not grow with the number of parts.
                var microseconds = ToMicroseconds(_parts[i + 1].StartTick) - ToMicroseconds(_parts[i].StartTick);
                list.Append(CultureInfo.InvariantCulture, $"duration {microseconds}us\n");
            }
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "parts.txt"), list.ToString(), cancellationToken);
        var start = $"round({Text(_parts[0].StartTick)}/{Text(clock.TicksPerSecond)}/TB)";
        await tools.FfmpegAsync(
            [
                "-f", "concat", "-i", "parts.txt", "-map", "0:v", "-c", "copy", "-copyts",
                "-bsf:v", $"setts=pts=PTS+{start}:dts=DTS+{start}",
                "-video_track_timescale", Text(clock.TicksPerSecond),
                "-movflags", "+faststart", "-f", "mp4", WholeName,
            ],
            folder,
            _ => { },
            "join the parts of the annotated video",
            cancellationToken);

        long ToMicroseconds(long ticks) =>
            (long)Math.Round((decimal)ticks * MicrosecondsPerSecond / clock.TicksPerSecond);
    }

    private string Microseconds(SeekPoint point) =>
        Text(index.TimeBase.ToMicrosecondsCeiling(point.PresentationTicks)) + "us";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
