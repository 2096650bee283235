using System.Globalization;
using CliWrap;
using ForegSyte.Annotation;

namespace ForegSyte.Client.Tests.Annotation;

/// <summary>A decoded frame.</summary>
internal sealed class Picture(int width, int height, byte[] pixels)
{
    private const int BytesPerPixel = 3;

    public int Width => width;

    public int Height => height;

    /// <summary>Decodes all frames of a video with FFmpeg, as a player shows them.</summary>
    public static async Task<IReadOnlyList<Picture>> DecodeAsync(string path, string filters = "null")
    {
        using var stream = new MemoryStream();
        await Cli.Wrap("ffmpeg")
            .WithArguments(
            [
                "-v", "error", "-nostdin", "-i", path, "-vf", filters, "-fps_mode", "passthrough",
                "-f", "image2pipe", "-c:v", "ppm", "-",
            ])
            .WithStandardOutputPipe(PipeTarget.ToStream(stream))
            .ExecuteAsync();
        var bytes = stream.ToArray();
        var pictures = new List<Picture>();
        for (var at = 0; at < bytes.Length;)
        {
            // "P6", width, height and 255, each followed by white space.
            Field();
            var (w, h) = (Number(), Number());
            Field();
            pictures.Add(new Picture(w, h, bytes[at..(at + (w * h * BytesPerPixel))]));
            at += w * h * BytesPerPixel;

            int Number() => int.Parse(Field(), CultureInfo.InvariantCulture);

            string Field()
            {
                var end = Array.FindIndex(bytes, at, value => value is (byte)' ' or (byte)'\n');
                var text = System.Text.Encoding.ASCII.GetString(bytes, at, end - at);
                at = end + 1;
                return text;
            }
        }

        return pictures;
    }

    /// <summary>Decodes one frame.</summary>
    public static async Task<Picture> DecodeAsync(string path, int index) =>
        (await DecodeAsync(path, FormattableString.Invariant($@"select=eq(n\,{index})")))[0];

    public Rgb At(int x, int y)
    {
        var at = ((y * width) + x) * BytesPerPixel;
        return new Rgb(pixels[at], pixels[at + 1], pixels[at + 2]);
    }

    /// <summary>Share of the pixels on a horizontal line that have the hue of a color.</summary>
    public double ShareOf(Rgb color, int y, int fromX, int toX) =>
        Enumerable.Range(fromX, toX - fromX).Count(x => IsClose(At(x, y), color)) / (double)(toX - fromX);

    /// <summary>The number in the bar code along the top of the clips in tests/Media.Tests/cases.</summary>
    public int BarCode() => Enumerable.Range(0, 8).Sum(bar => At((24 * bar) + 12, 3).Green < 96 ? 1 << bar : 0);

    /// <summary>The first pixel of a row that has the hue of a color; the width if none has.</summary>
    public int FirstOf(Rgb color, int y) =>
        Enumerable.Range(0, width).FirstOrDefault(x => IsClose(At(x, y), color), width);

    // Chroma has half the resolution, so thin lines are paler; only the hue is reliable.
    private static bool IsClose(Rgb one, Rgb other)
    {
        var (hue, saturation, spread) = HueOf(one);
        var apart = Math.Abs(hue - HueOf(other).Hue);
        return spread > 40 && saturation > 0.35 && Math.Min(apart, 360 - apart) < 20;
    }

    private static (double Hue, double Saturation, double Spread) HueOf(Rgb color)
    {
        double red = color.Red, green = color.Green, blue = color.Blue;
        var (max, min) = (Math.Max(red, Math.Max(green, blue)), Math.Min(red, Math.Min(green, blue)));
        var spread = max - min;
        if (spread == 0)
        {
            return (0, 0, 0);
        }

        var sector = max == red ? (green - blue) / spread : max == green ? 2 + ((blue - red) / spread)
            : 4 + ((red - green) / spread);
        return (((sector * 60) + 360) % 360, spread / (255 - Math.Abs(max + min - 255)), spread);
    }
}
