using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.CommandLine.Annotation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using SkiaSharp;

namespace ForegSyte.Client.Tests.Annotation;

/// <summary>Creates annotated videos and inspects them with the real ffprobe and ffmpeg.</summary>
internal static class AnnotatedClip
{
    public static Task<int> MakeAsync(
        string inputPath,
        string outputPath,
        IEnumerable<FrameResult> results,
        int frameStride = 1,
        VideoAnnotatorOptions? options = null,
        Action<int>? framesDone = null,
        CancellationToken cancellationToken = default) =>
        new VideoAnnotator(options ?? new VideoAnnotatorOptions { ConstantRateFactor = 10 }).AnnotateAsync(
            inputPath,
            outputPath,
            results.ToAsyncEnumerable(),
            frameStride,
            new SynchronousProgress<int>(framesDone ?? (_ => { })),
            cancellationToken);

    /// <summary>Presentation timestamps in seconds, in order.</summary>
    public static async Task<double[]> TimestampsAsync(string path)
    {
        var lines = await ProbeAsync(path, "frame=best_effort_timestamp_time");
        return [.. lines.Select(line => double.Parse(line, CultureInfo.InvariantCulture))];
    }

    /// <summary>Returns fields of the video stream, for example "768,576".</summary>
    public static async Task<string> StreamAsync(string path, string entries) =>
        (await ProbeAsync(path, $"stream={entries}"))[0];

    /// <summary>Decodes one frame.</summary>
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

    /// <summary>Share of the pixels on a horizontal line that have the hue of a color.</summary>
    public static double ShareOf(SKBitmap frame, SKColor color, int y, int fromX, int toX)
    {
        var close = Enumerable.Range(fromX, toX - fromX).Count(x => IsClose(frame.GetPixel(x, y), color));
        return close / (double)(toX - fromX);
    }

    // Chroma has half the resolution, so thin lines are paler; only the hue is reliable.
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
