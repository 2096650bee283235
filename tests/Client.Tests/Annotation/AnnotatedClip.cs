using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.CommandLine.Annotation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;

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

    /// <summary>Kinds of side data of the video stream, such as a display matrix.</summary>
    public static async Task<string> SideDataAsync(string path) =>
        string.Join(' ', await ProbeAsync(path, "stream_side_data=side_data_type"));

    private static async Task<IReadOnlyList<string>> ProbeAsync(string path, string entries)
    {
        var probe = await Cli.Wrap("ffprobe")
            .WithArguments(
                ["-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "csv=p=0", path])
            .ExecuteBufferedAsync();
        return [.. probe.StandardOutput.Split('\n').Select(line => line.Trim(',', ' ')).Where(line => line.Length > 0)];
    }
}
