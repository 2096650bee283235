using System.Globalization;
using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Media.Tests.Clips;
using ForegSyte.Media.Tests.Pictures;

namespace ForegSyte.Media.Tests.Oracle;

/// <summary>A picture and when it is shown.</summary>
/// <param name="Seconds">Presentation time in the clock of the file.</param>
/// <param name="Picture">The picture.</param>
internal sealed record ShownFrame(decimal Seconds, SeenPicture Picture)
{
    /// <summary>Number that the picture shows; null if it shows none.</summary>
    public int? Number => Picture.Number;
}

/// <summary>
/// What ffprobe and a plain decode by ffmpeg from the start say about a video, in presentation order. It shares no code
/// and no arguments with the reader of the services.
/// </summary>
internal static class PlainFfmpeg
{
    /// <summary>Times by ffprobe and pictures by ffmpeg, turned as ffmpeg turns them by itself.</summary>
    /// <param name="path">The video.</param>
    /// <param name="stream">FFmpeg's number of the stream.</param>
    /// <param name="isCopy">Whether it is the annotated copy.</param>
    /// <param name="clip">The clip, which has the size as shown; other sizes are scaled to it.</param>
    public static async Task<ShownFrame[]> DecodeAsync(string path, int stream, MediaClip clip, bool isCopy = false)
    {
        var (width, height) = (clip.Pictures.Width, clip.Pictures.Height);
        var times = await TimesAsync(path, stream);
        var turn = clip.TurnsByHand && !isCopy ? clip.Pictures.Coded.Filters : null;
        var pictures = await PicturesAsync(path, stream, width, height, turn);
        Assert.True(
            times.Length == pictures.Count,
            $"ffprobe decodes {times.Length} frames and ffmpeg {pictures.Count}: the clip is no oracle.");
        return
        [
            .. times.Zip(pictures, (seconds, rgb) => new ShownFrame(seconds, SeenPicture.Of(rgb, width, height, clip))),
        ];
    }

    /// <summary>
    /// Times and pictures of a damaged video by one run of ffmpeg: ffprobe and ffmpeg may give up different frames.
    /// </summary>
    public static async Task<ShownFrame[]> DecodeDamagedAsync(string path, MediaClip clip)
    {
        var (width, height) = (clip.Pictures.Width, clip.Pictures.Height);
        var list = path + ".list";
        var pictures = await PicturesAsync(
            path, clip.Stream, width, height, clip.TurnsByHand ? clip.Pictures.Coded.Filters : null,
            "-map", FormattableString.Invariant($"0:{clip.Stream}"),
            "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "framecrc", list);
        var lines = await File.ReadAllLinesAsync(list);
        File.Delete(list);

        // "#tb 0: 1/12800", and for each frame "0, 512, 512, 1, 84480, 0x12345678": stream, decode time, time, ...
        var clock = lines.First(line => line.StartsWith("#tb 0:", StringComparison.Ordinal))[7..].Split('/')
            .Select(text => decimal.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        var times = lines.Where(line => !line.StartsWith('#'))
            .Select(line => decimal.Parse(line.Split(',')[2], CultureInfo.InvariantCulture) * clock[0] / clock[1])
            .ToArray();
        Assert.Equal(times.Length, pictures.Count);
        return
        [
            .. times.Zip(pictures, (seconds, rgb) => new ShownFrame(
                Math.Round(seconds, 6), SeenPicture.Of(rgb, width, height, clip))),
        ];
    }

    /// <summary>Presentation times of the decoded frames of a stream in seconds.</summary>
    public static async Task<decimal[]> TimesAsync(string path, int stream)
    {
        using var document = await ProbeAsync(
            path, "-select_streams", stream.ToString(CultureInfo.InvariantCulture),
            "-show_entries", "frame=pts_time,best_effort_timestamp_time");
        return
        [
            .. document.RootElement.GetProperty("frames").EnumerateArray()
                .Select(frame => Text(frame, "pts_time") ?? Text(frame, "best_effort_timestamp_time"))
                .Select(text => decimal.Parse(text!, CultureInfo.InvariantCulture)),
        ];
    }

    /// <summary>
    /// Seconds from the start of playback to the first frame of a stream: players begin with the track that begins
    /// first.
    /// </summary>
    public static async Task<decimal> StartAsync(string path, int stream)
    {
        using var document = await ProbeAsync(path, "-show_entries", "stream=index,start_time,codec_type");
        var starts = document.RootElement.GetProperty("streams").EnumerateArray()
            .Where(one => Text(one, "codec_type") is "video" or "audio" && Text(one, "start_time") is not null)
            .ToDictionary(
                one => one.GetProperty("index").GetInt32(),
                one => decimal.Parse(Text(one, "start_time")!, CultureInfo.InvariantCulture));
        return starts.TryGetValue(stream, out var start) ? Math.Max(0, start - starts.Values.Min()) : 0;
    }

    /// <summary>Id of the track of a stream.</summary>
    public static async Task<int> TrackIdAsync(string path, int stream)
    {
        var fields = await StreamAsync(path, stream);
        return int.Parse(
            fields["id"].Replace("0x", "", StringComparison.Ordinal), NumberStyles.HexNumber,
            CultureInfo.InvariantCulture);
    }

    /// <summary>Fields of a stream, by name.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> StreamAsync(string path, int stream)
    {
        using var document = await ProbeAsync(
            path, "-select_streams", stream.ToString(CultureInfo.InvariantCulture), "-show_streams");
        return document.RootElement.GetProperty("streams")[0].EnumerateObject()
            .ToDictionary(field => field.Name, field => field.Value.ToString());
    }

    private static async Task<List<byte[]>> PicturesAsync(
        string path, int stream, int width, int height, string? turn, params string[] otherOutput)
    {
        var raw = path + FormattableString.Invariant($".{stream}.oracle");
        try
        {
            await Cli.Wrap("ffmpeg")
                .WithArguments(
                [
                    "-v", "quiet", "-nostdin", "-y", "-copyts", .. turn is null ? (string[])[] : ["-noautorotate"],
                    "-i", path,
                    "-map", FormattableString.Invariant($"0:{stream}"),
                    "-fps_mode", "passthrough",
                    "-vf", FormattableString.Invariant($"{turn ?? "null"},scale={width}:{height}"),
                    "-pix_fmt", "rgb24", "-f", "rawvideo", raw, .. otherOutput,
                ])
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync();
            var bytes = await File.ReadAllBytesAsync(raw);
            return [.. bytes.Chunk(width * height * NumberedPicture.BytesPerPixel)];
        }
        finally
        {
            File.Delete(raw);
        }
    }

    private static async Task<JsonDocument> ProbeAsync(string path, params string[] arguments)
    {
        var run = await Cli.Wrap("ffprobe")
            .WithArguments(["-v", "quiet", "-of", "json", .. arguments, path])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        return JsonDocument.Parse(run.StandardOutput);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ToString() is var text && text != "N/A" ? text : null;
}
