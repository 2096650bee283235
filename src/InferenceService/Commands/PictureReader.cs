using System.Globalization;
using ForegSyte.Inference.Video;
using ForegSyte.Video;

namespace ForegSyte.Inference.Commands;

/// <summary>
/// Reads a picture, or a frame of a video, of the operator with ffmpeg. It runs without the sandbox of the service,
/// because the operator trusts the file.
/// </summary>
internal static class PictureReader
{
    /// <summary>Longest line of the header of a PPM picture.</summary>
    private const int MaxWordLength = 16;

    /// <summary>Reads a frame.</summary>
    /// <param name="options">Path of ffmpeg and limits of a frame.</param>
    /// <param name="path">Absolute path of the file.</param>
    /// <param name="at">Time of the frame in a video, in seconds.</param>
    /// <param name="cancellationToken">Kills ffmpeg.</param>
    /// <exception cref="ModelCommandException">ffmpeg gives no picture.</exception>
    public static async Task<Frame> ReadAsync(
        VideoOptions options, string path, double at, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            throw new ModelCommandException($"The file {path} does not exist.");
        }

        string[] seek = at > 0 ? ["-ss", at.ToString("F3", CultureInfo.InvariantCulture)] : [];
        string[] words =
        [
            options.FfmpegPath, "-v", "error", "-nostdin", "-protocol_whitelist", "file,pipe", .. seek,
            "-i", "file:" + path, "-map", "0:v:0", "-frames:v", "1", "-f", "image2pipe", "-c:v", "ppm", "pipe:1",
        ];
        var errors = new LogTail();
        await using var process = ChildProcess.Start(new ChildCommand("ffmpeg", words), errors.Take);
        await using var kill = cancellationToken.Register(process.Kill);
        try
        {
            return await ReadPpmAsync(process.Output, options, cancellationToken);
        }
        catch (EndOfStreamException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await process.WaitForExitAsync();
            throw new ModelCommandException(
                $"ffmpeg gives no picture of {path}"
                + (at > 0 ? string.Create(CultureInfo.InvariantCulture, $" at {at} s") : "")
                + $": {string.Join(' ', errors.Lines.DefaultIfEmpty("there is no frame."))}");
        }
    }

    /// <summary>Reads a binary PPM picture: P6, width, height, 255, then the RGB bytes.</summary>
    private static async Task<Frame> ReadPpmAsync(
        Stream stream, VideoOptions options, CancellationToken cancellationToken)
    {
        await WordAsync(stream, cancellationToken);
        var width = int.Parse(await WordAsync(stream, cancellationToken), CultureInfo.InvariantCulture);
        var height = int.Parse(await WordAsync(stream, cancellationToken), CultureInfo.InvariantCulture);
        await WordAsync(stream, cancellationToken);
        if ((long)width * height > options.MaxFramePixels)
        {
            throw new ModelCommandException(string.Create(
                CultureInfo.InvariantCulture,
                $"The picture has {width}x{height} pixels; the limit is {options.MaxFramePixels} "
                + $"(Video:MaxFramePixels)."));
        }

        var frame = new Frame(0, 0, width, height, width, height);
        try
        {
            await stream.ReadExactlyAsync(frame.Pixels, cancellationToken);
            return frame;
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    private static async Task<string> WordAsync(Stream stream, CancellationToken cancellationToken)
    {
        var word = "";
        var next = new byte[1];
        while (word.Length < MaxWordLength)
        {
            await stream.ReadExactlyAsync(next, cancellationToken);
            if (char.IsWhiteSpace((char)next[0]))
            {
                break;
            }

            word += (char)next[0];
        }

        return word;
    }
}
