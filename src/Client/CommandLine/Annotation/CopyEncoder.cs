using System.Globalization;
using System.Text;
using ForegSyte.Annotation;
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
        await using var resource = LabelFont.Open();
        var fonts = Directory.CreateDirectory(Path.Combine(folder, FontFolder));
        await using var file = File.Create(Path.Combine(fonts.FullName, LabelFont.FileName));
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
        var filters = new CopyGraph(index, clock, ScriptName, FontFolder)
            .Make(start, end, isWhole ? 0 : clock.TicksOf(start));
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

    private List<string> Arguments(int end, SeekPoint? seek, string filters, string name) =>
    [
        .. SandboxedInput.Arguments(options.Limits),
        .. CopyGraph.Input(index, seek, Path.GetFullPath(inputPath)),
        .. index.HasReliableTimestamps
            ? (string[])["-filter_complex", filters]
            // Names each frame, which is too long for an argument.
            : ["-filter_complex_script", FiltersName],
        .. CopyGraph.Output(clock, end, options.Preset, options.ConstantRateFactor),
        .. name == WholeName ? (string[])["-movflags", "+faststart"] : [],
        "-f", "mp4", name,
    ];

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

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
