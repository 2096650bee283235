using CliWrap;

namespace ForegSyte.Benchmarks;

/// <summary>ffmpeg alone: decodes and throws the frames away.</summary>
internal static class FfmpegDecode
{
    /// <summary>Wall time of the whole process.</summary>
    public static async Task<TimeSpan> RunAsync(string clip, CancellationToken cancellationToken) =>
        (await Cli.Wrap("ffmpeg")
            .WithArguments(["-v", "error", "-nostdin", "-benchmark", "-i", clip, "-f", "null", "-"])
            .ExecuteAsync(cancellationToken)).RunTime;
}
