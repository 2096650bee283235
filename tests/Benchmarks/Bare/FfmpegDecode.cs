using CliWrap;
using CliWrap.Buffered;

namespace ForegSyte.Benchmarks.Bare;

/// <summary>
/// ffmpeg alone, with as many threads as it likes: decodes and throws the frames away. Under a stride it decodes what
/// is between them too, since frames build on each other.
/// </summary>
internal static class FfmpegDecode
{
    /// <summary>Wall time of the whole process, in seconds.</summary>
    public static async Task<double> RunAsync(Workload workload, CancellationToken cancellationToken) =>
        (await Cli.Wrap("ffmpeg")
            .WithArguments([
                "-v", "error", "-nostdin", "-i", workload.Clip.Path,
                "-vf", FormattableString.Invariant($"select=not(mod(n\\,{workload.Stride}))"),
                "-fps_mode", "passthrough", "-f", "null", "-"])
            .ExecuteAsync(cancellationToken)).RunTime.TotalSeconds;

    /// <summary>For example "ffmpeg version 5.1.9".</summary>
    public static async Task<string> VersionAsync(CancellationToken cancellationToken)
    {
        var output = await Cli.Wrap("ffmpeg").WithArguments("-version").ExecuteBufferedAsync(cancellationToken);
        return string.Join(' ', output.StandardOutput.Split(' ').Take(3));
    }
}
