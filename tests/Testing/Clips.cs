using CliWrap;
using CliWrap.Buffered;

namespace ForegSyte.Testing;

/// <summary>Video files that tests make with the real ffmpeg.</summary>
public static class Clips
{
    /// <summary>Runs ffmpeg with these arguments and the output path at the end; returns the path.</summary>
    public static async Task<string> MakeAsync(string outputPath, params string[] arguments)
    {
        await Cli.Wrap("ffmpeg")
            .WithArguments(["-v", "error", "-nostdin", "-y", .. arguments, outputPath])
            .ExecuteBufferedAsync();
        return outputPath;
    }

    /// <summary>A clip of ffmpeg's test picture, H.264.</summary>
    public static Task<string> MakeTestPictureAsync(
        string outputPath, int width = 320, int height = 240, int frames = 30, int framesPerSecond = 10, int keyFrameEvery = 10) =>
        MakeAsync(
            outputPath,
            "-f", "lavfi", "-i", FormattableString.Invariant($"testsrc2=size={width}x{height}:rate={framesPerSecond}"),
            "-frames:v", FormattableString.Invariant($"{frames}"), "-c:v", "libx264", "-pix_fmt", "yuv420p",
            "-g", FormattableString.Invariant($"{keyFrameEvery}"), "-movflags", "+faststart");

    /// <summary>An MP4 with a sound track and no video track.</summary>
    public static Task<string> MakeAudioOnlyAsync(string outputPath) =>
        MakeAsync(outputPath, "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac");
}
