using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.CommandLine.Annotation;
using ForegSyte.CommandLine.Waiting;
using ForegSyte.V1;
using SkiaSharp;

namespace ForegSyte.Client.Tests.Annotation;

/// <summary>Makes annotated videos and looks into them with the real ffprobe and ffmpeg.</summary>
internal static class AnnotatedClip
{
    public static Task<int> MakeAsync(
        string inputPath,
        string outputPath,
        IEnumerable<FrameResult> results,
        int frameStride = 1,
        AnnotatorOptions? options = null,
        Action<int>? framesDone = null,
        CancellationToken cancellationToken = default) =>
        new VideoAnnotator(options ?? new AnnotatorOptions { ConstantRateFactor = 10 }).AnnotateAsync(
            inputPath,
            outputPath,
            results.ToAsyncEnumerable(),
            frameStride,
            new ProgressSink<int>(framesDone ?? (_ => { })),
            cancellationToken);

    /// <summary>When each frame is shown, in seconds, in order.</summary>
    public static async Task<double[]> TimestampsAsync(string path)
    {
        var lines = await ProbeAsync(path, "frame=best_effort_timestamp_time");
        return [.. lines.Select(line => double.Parse(line, CultureInfo.InvariantCulture))];
    }

    /// <summary>For example "768,576".</summary>
    public static async Task<string> StreamAsync(string path, string entries) =>
        (await ProbeAsync(path, $"stream={entries}"))[0];

    /// <summary>One frame as it is shown.</summary>
    public static async Task<SKBitmap> FrameAsync(string path, int index)
    {
        using var picture = new MemoryStream();
        await Cli.Wrap("ffmpeg")
            .WithArguments(
            [
                "-v", "error", "-nostdin", "-i", path,
                "-vf", FormattableString.Invariant($@"select=eq(n\,{index})"), "-frames:v", "1",
                "-f", "image2pipe", "-c:v", "png", "-",
            ])
            .WithStandardOutputPipe(PipeTarget.ToStream(picture))
            .ExecuteAsync();
        return SKBitmap.Decode(picture.ToArray());
    }

    /// <summary>Share of the points along a horizontal line that have the hue of the given colour.</summary>
    public static double ShareOf(SKBitmap frame, SKColor color, int y, int fromX, int toX)
    {
        var close = Enumerable.Range(fromX, toX - fromX).Count(x => IsClose(frame.GetPixel(x, y), color));
        return close / (double)(toX - fromX);
    }

    // Chroma is stored at half the resolution, which makes thin lines paler: the hue is what can be asked.
    private static bool IsClose(SKColor one, SKColor other)
    {
        one.ToHsl(out var hue, out var saturation, out _);
        other.ToHsl(out var otherHue, out _, out _);
        var apart = Math.Abs(hue - otherHue);
        return saturation > 35 && Math.Min(apart, 360 - apart) < 20;
    }

    private static async Task<IReadOnlyList<string>> ProbeAsync(string path, string entries)
    {
        var probe = await Cli.Wrap("ffprobe")
            .WithArguments(
                ["-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "csv=p=0", path])
            .ExecuteBufferedAsync();
        return [.. probe.StandardOutput.Split('\n').Select(line => line.Trim(',', ' ')).Where(line => line.Length > 0)];
    }
}
