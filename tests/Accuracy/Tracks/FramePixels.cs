using System.Globalization;
using CliWrap;
using CliWrap.Buffered;

namespace ForegSyte.Accuracy.Tracks;

/// <summary>The pixels of a video's frames, one frame at a time, as ffmpeg decodes them.</summary>
internal static class FramePixels
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

    /// <summary>Calls an action with the index and the RGB bytes of each frame; the bytes are reused.</summary>
    public static Task ReadAsync(
        string video, (int Width, int Height) size, Action<int, byte[]> onFrame, CancellationToken cancellationToken) =>
        Cli.Wrap("ffmpeg")
            .WithArguments(
                ["-v", "error", "-nostdin", "-i", video, "-fps_mode", "passthrough", "-pix_fmt", "rgb24",
                    "-f", "rawvideo", "-"])
            .WithStandardOutputPipe(PipeTarget.Create(async (stream, token) =>
            {
                var frame = new byte[size.Width * size.Height * 3];
                for (var index = 0;
                    await stream.ReadAtLeastAsync(
                        frame, frame.Length, throwOnEndOfStream: false, token) == frame.Length;
                    index++)
                {
                    onFrame(index, frame);
                }
            }))
            .ExecuteAsync(cancellationToken);
}
