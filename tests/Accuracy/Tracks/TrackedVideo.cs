using System.Globalization;
using CliWrap;
using CliWrap.Buffered;

namespace ForegSyte.Accuracy.Tracks;

/// <summary>Size and form of the videos in which objects are followed.</summary>
internal static class TrackedVideo
{
    /// <summary>Width and height of the frames.</summary>
    public static async Task<(int Width, int Height)> SizeAsync(string video, CancellationToken cancellationToken)
    {
        var output = await Cli.Wrap("ffprobe")
            .WithArguments(
                ["-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height",
                    "-of", "csv=p=0", video])
            .ExecuteBufferedAsync(cancellationToken);
        var numbers = output.StandardOutput.Trim().TrimEnd(',').Split(',');
        return (
            int.Parse(numbers[0], CultureInfo.InvariantCulture), int.Parse(numbers[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Copies a video; one that is not an MP4 is encoded again, with the same frames.</summary>
    public static async Task ToMp4Async(string video, string copy, CancellationToken cancellationToken)
    {
        if (Path.GetExtension(video) == ".mp4")
        {
            File.Copy(video, copy, overwrite: true);
            return;
        }

        await Cli.Wrap("ffmpeg")
            .WithArguments(
                ["-v", "error", "-nostdin", "-y", "-i", video, "-an", "-fps_mode", "passthrough", "-c:v", "libx264",
                    "-preset", "fast", "-crf", "12", "-pix_fmt", "yuv420p", copy])
            .ExecuteAsync(cancellationToken);
    }
}
