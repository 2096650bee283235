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
        string outputPath, int width = 320, int height = 240, int frames = 30, int framesPerSecond = 10,
        int keyFrameEvery = 10) =>
        MakeAsync(
            outputPath,
            "-f", "lavfi", "-i", FormattableString.Invariant($"testsrc2=size={width}x{height}:rate={framesPerSecond}"),
            "-frames:v", FormattableString.Invariant($"{frames}"), "-c:v", "libx264", "-pix_fmt", "yuv420p",
            "-g", FormattableString.Invariant($"{keyFrameEvery}"), "-movflags", "+faststart");

    /// <summary>An MP4 with a sound track and no video track.</summary>
    public static Task<string> MakeAudioOnlyAsync(string outputPath) =>
        MakeAsync(outputPath, "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac");

    /// <summary>Frames with three different gaps; the timestamps have no formula.</summary>
    public static Task<string> MakeVariableRateAsync(string outputPath) =>
        MakeAsync(
            outputPath,
            "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30", "-vf", "select='not(mod(n,5))+eq(mod(n,7),1)'",
            "-fps_mode", "vfr", "-frames:v", "40", "-c:v", "libx264", "-bf", "2", "-g", "9", "-pix_fmt", "yuv420p");

    /// <summary>H.264 with these private options of x264, for example "open-gop=1:bframes=3".</summary>
    public static Task<string> MakeX264Async(string outputPath, string options, params string[] more) =>
        MakeAsync(
            outputPath,
            ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", "60", "-c:v", "libx264",
                "-x264-params", options, "-pix_fmt", "yuv420p", .. more]);

    /// <summary>
    /// HEVC with open groups of pictures: frames that are shown before a key frame and need the one before.
    /// </summary>
    public static Task<string> MakeOpenHevcAsync(string outputPath) =>
        MakeAsync(
            outputPath,
            "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", "60", "-c:v", "libx265",
            "-x265-params", "open-gop=1:keyint=10:min-keyint=10:bframes=3:log-level=none", "-pix_fmt", "yuv420p");

    /// <summary>The same packets without what comes before a time; an edit list hides the frames up to it.</summary>
    public static Task<string> MakeCutAsync(string outputPath, string inputPath, string startSeconds) =>
        MakeAsync(outputPath, "-ss", startSeconds, "-i", inputPath, "-c", "copy");

    /// <summary>
    /// Motion JPEG in an MP4: each frame stands alone, so that damage hits exactly the frame that it is in.
    /// </summary>
    public static Task<string> MakeIndependentFramesAsync(string outputPath, int frames = 10) =>
        MakeAsync(
            outputPath,
            "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10", "-frames:v", FormattableString.Invariant($"{frames}"),
            "-c:v", "mjpeg", "-pix_fmt", "yuvj420p");

    /// <summary>A black frame with a red square in its top left corner.</summary>
    public static Task<string> MakeRedCornerAsync(string outputPath) =>
        MakeAsync(
            outputPath,
            "-f", "lavfi", "-i", "color=black:size=160x96:rate=10", "-vf", "drawbox=0:0:32:32:red:fill", "-frames:v",
            "3",
            "-c:v", "libx264", "-pix_fmt", "yuv420p");
}
