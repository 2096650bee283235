using CliWrap;
using CliWrap.Buffered;

namespace ForegSyte.Testing;

/// <summary>Creates test videos with ffmpeg.</summary>
public static class Clips
{
    /// <summary>Runs ffmpeg with these arguments and the output path; returns the path.</summary>
    public static async Task<string> MakeAsync(string outputPath, params string[] arguments)
    {
        await Cli.Wrap("ffmpeg")
            .WithArguments(["-v", "error", "-nostdin", "-y", .. arguments, outputPath])
            .ExecuteBufferedAsync();
        return outputPath;
    }

    /// <summary>ffmpeg's test picture as H.264.</summary>
    public static Task<string> MakeTestPictureAsync(
        string outputPath,
        int width = 320,
        int height = 240,
        int frames = 30,
        int framesPerSecond = 10,
        int keyFrameEvery = 10) =>
        MakeAsync(
            outputPath,
            "-f", "lavfi", "-i", FormattableString.Invariant($"testsrc2=size={width}x{height}:rate={framesPerSecond}"),
            "-frames:v", FormattableString.Invariant($"{frames}"), "-c:v", "libx264", "-pix_fmt", "yuv420p",
            "-g", FormattableString.Invariant($"{keyFrameEvery}"), "-movflags", "+faststart");

    /// <summary>An MP4 with an audio track and no video track.</summary>
    public static Task<string> MakeAudioOnlyAsync(string outputPath) =>
        MakeAsync(outputPath, "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac");

    /// <summary>Variable frame rate: three different gaps between frames.</summary>
    public static Task<string> MakeVariableRateAsync(string outputPath) =>
        MakeAsync(
            outputPath,
            "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30", "-vf", "select='not(mod(n,5))+eq(mod(n,7),1)'",
            "-fps_mode", "vfr", "-frames:v", "40", "-c:v", "libx264", "-bf", "2", "-g", "9", "-pix_fmt", "yuv420p");

    /// <summary>H.264 with these x264 options, for example "open-gop=1:bframes=3".</summary>
    public static Task<string> MakeX264Async(string outputPath, string options, params string[] more) =>
        MakeAsync(
            outputPath,
            ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", "60", "-c:v", "libx264",
                "-x264-params", options, "-pix_fmt", "yuv420p", .. more]);

    /// <summary>HEVC with open GOPs: frames before a key frame refer to the previous GOP.</summary>
    public static Task<string> MakeOpenHevcAsync(string outputPath) =>
        MakeAsync(
            outputPath,
            "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", "60", "-c:v", "libx265",
            "-x265-params", "open-gop=1:keyint=10:min-keyint=10:bframes=3:log-level=none", "-pix_fmt", "yuv420p");

    /// <summary>The packets from a time on; an edit list hides the frames before it.</summary>
    public static Task<string> MakeCutAsync(string outputPath, string inputPath, string startSeconds) =>
        MakeAsync(outputPath, "-ss", startSeconds, "-i", inputPath, "-c", "copy");

    /// <summary>Motion JPEG in an MP4: frames are independent, so damage affects only its own frame.</summary>
    public static Task<string> MakeIndependentFramesAsync(string outputPath, int frames = 10) =>
        MakeAsync(
            outputPath,
            "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10", "-frames:v", FormattableString.Invariant($"{frames}"),
            "-c:v", "mjpeg", "-pix_fmt", "yuvj420p");

    /// <summary>Black frames with a red square in the top left corner.</summary>
    public static Task<string> MakeRedCornerAsync(string outputPath) =>
        MakeAsync(
            outputPath,
            "-f", "lavfi", "-i", "color=black:size=160x96:rate=10", "-vf", "drawbox=0:0:32:32:red:fill",
            "-frames:v", "3", "-c:v", "libx264", "-pix_fmt", "yuv420p");
}
