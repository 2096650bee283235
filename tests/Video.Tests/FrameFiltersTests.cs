using CliWrap;
using ForegSyte.Testing;

namespace ForegSyte.Video.Tests;

/// <summary>The colours of frames as models and annotated copies see them.</summary>
public sealed class FrameFiltersTests : IDisposable
{
    private const int BarWidth = 32;
    private const int Height = 48;

    private static readonly (int Red, int Green, int Blue)[] Bars =
    [
        (255, 255, 255), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191),
        (16, 16, 16), (230, 120, 60), (20, 90, 200),
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>YUV is made from RGB by the weights of the standards, not by FFmpeg.</summary>
    [Theory]
    [InlineData("smpte170m", 0.299, 0.114, false)]
    [InlineData("smpte170m", 0.299, 0.114, true)]
    [InlineData("bt470bg", 0.299, 0.114, false)]
    [InlineData("bt709", 0.2126, 0.0722, false)]
    [InlineData("bt709", 0.2126, 0.0722, true)]
    [InlineData("bt2020nc", 0.2627, 0.0593, false)]
    [InlineData("", 0.299, 0.114, false)]
    [InlineData("", 0.2126, 0.0722, false, 720)]
    public async Task Scale_OfATaggedVideo_GivesTheColoursThatWereEncoded(
        string matrix, double red, double blue, bool isFullRange, int height = Height)
    {
        var width = height == Height ? Bars.Length * BarWidth : 1280;
        var path = await MakeBarsAsync(matrix, red, blue, isFullRange, width, height);

        var rgb = await DecodeAsync(path);

        var barWidth = width / Bars.Length;
        foreach (var (n, bar) in Bars.Index())
        {
            var at = (((height / 2) * width) + (n * barWidth) + (barWidth / 2)) * 3;
            Assert.InRange(rgb[at] - bar.Red, -3, 3);
            Assert.InRange(rgb[at + 1] - bar.Green, -3, 3);
            Assert.InRange(rgb[at + 2] - bar.Blue, -3, 3);
        }
    }

    [Fact]
    public async Task ToSdr_DiffuseWhiteOfHdr_IsWhite()
    {
        var rgb = await DecodeAsync(CaseFiles.PathOf("c09c_hdr_pq_white203"));

        Assert.InRange(rgb[((10 * 320) + 10) * 3], 235, 255);
    }

    /// <summary>Signals in tenths of a percent; 750 of HLG and 581 of PQ are diffuse white (BT.2408).</summary>
    [Theory]
    [InlineData("smpte2084", 0, 150, 300, 440, 508, 581, 652, 751)]
    [InlineData("arib-std-b67", 0, 100, 250, 500, 600, 750, 850, 950)]
    public async Task ToSdr_RisingLight_RisesToWhiteAndBeyond(string transfer, params int[] signals)
    {
        var path = await MakeHdrAsync(transfer, signals, tags: ":colorprim=bt2020:colormatrix=bt2020nc");

        var levels = await LevelsAsync(path, signals.Length);

        Assert.Equal(levels.Order(), levels);
        Assert.Equal(levels.Count, levels.Distinct().Count());
        Assert.InRange(levels[0], 0, 2);
        Assert.InRange(levels[5], 235, 250);
    }

    [Fact]
    public async Task ToSdr_HdrWithoutMatrixAndPrimaries_IsTakenForBt2020()
    {
        int[] signals = [0, 300, 581];
        var tagged = await MakeHdrAsync("smpte2084", signals, tags: ":colorprim=bt2020:colormatrix=bt2020nc");
        var untagged = await MakeHdrAsync("smpte2084", signals, tags: "");

        Assert.Equal(await LevelsAsync(tagged, signals.Length), await LevelsAsync(untagged, signals.Length));
    }

    [Fact]
    public async Task ToSdr_WithoutTheFilters_IsNothing()
    {
        var index = await PlainFfprobe.IndexAsync(CaseFiles.PathOf("c09c_hdr_pq_white203"), canToneMap: false);

        Assert.Empty(FrameFilters.ToSdr(index));
    }

    [Fact]
    public async Task Scale_StreamThatChangesItsSize_HasOneSize()
    {
        var rgb = await DecodeAsync(CaseFiles.PathOf("c15_resolution_change"), frames: 48);

        Assert.Equal(48 * 320 * 176 * 3, rgb.Length);
    }

    private static async Task<List<int>> LevelsAsync(string path, int bars)
    {
        var rgb = await DecodeAsync(path);
        return
        [
            .. Enumerable.Range(0, bars)
                .Select(n => (int)rgb[(((Height / 2) * bars * BarWidth) + (n * BarWidth) + (BarWidth / 2)) * 3]),
        ];
    }

    private static async Task<byte[]> DecodeAsync(string path, int frames = 1)
    {
        var index = await PlainFfprobe.IndexAsync(path);
        string[] filters =
        [
            .. FrameFilters.Upright(index),
            FrameFilters.Scale(index, index.Info.Width, index.Info.Height, "bilinear"),
            .. FrameFilters.ToSdr(index),
            "format=rgb24",
        ];
        using var rgb = new MemoryStream();
        await Cli.Wrap("ffmpeg")
            .WithArguments(
            [
                "-v", "error", "-noautorotate", "-i", path,
                "-map", FormattableString.Invariant($"0:{index.StreamIndex}"),
                "-vf", string.Join(',', filters), "-frames:v", FormattableString.Invariant($"{frames}"),
                "-f", "rawvideo", "-",
            ])
            .WithStandardOutputPipe(PipeTarget.ToStream(rgb))
            .ExecuteAsync(TestContext.Current.CancellationToken);
        return rgb.ToArray();
    }

    private async Task<string> MakeBarsAsync(
        string matrix, double red, double blue, bool isFullRange, int width, int height)
    {
        var range = isFullRange ? "pc" : "tv";
        var barWidth = width / Bars.Length;
        var row = Enumerable.Range(0, width).Select(x => Bars[Math.Min(x / barWidth, Bars.Length - 1)])
            .Select(bar => Yuv(bar, red, blue, isFullRange)).ToArray();
        byte[] yuv =
        [
            .. Plane(row.Select(pixel => pixel.Y), height),
            .. Plane(row.Select(pixel => pixel.U), height), .. Plane(row.Select(pixel => pixel.V), height),
        ];
        var raw = _folder.File("bars.yuv");
        await File.WriteAllBytesAsync(raw, yuv, TestContext.Current.CancellationToken);
        string[] tags = matrix.Length == 0
            ? []
            : ["-vf", $"setparams=colorspace={matrix}:range={range}", "-colorspace", matrix, "-color_range", range];
        return await Clips.MakeAsync(
            _folder.File("bars.mp4"),
            ["-f", "rawvideo", "-pix_fmt", "yuv444p", "-s", FormattableString.Invariant($"{width}x{height}"), "-i", raw,
                .. tags, "-c:v", "libx264", "-qp", "0"]);
    }

    private static (byte Y, byte U, byte V) Yuv(
        (int Red, int Green, int Blue) bar, double red, double blue, bool isFull)
    {
        var (r, g, b) = (bar.Red / 255.0, bar.Green / 255.0, bar.Blue / 255.0);
        var y = (red * r) + ((1 - red - blue) * g) + (blue * b);
        var (u, v) = ((b - y) / 2 / (1 - blue), (r - y) / 2 / (1 - red));
        return isFull
            ? (Level(255 * y), Level(128 + (255 * u)), Level(128 + (255 * v)))
            : (Level(16 + (219 * y)), Level(128 + (224 * u)), Level(128 + (224 * v)));

        static byte Level(double value) => (byte)Math.Clamp(Math.Round(value), 0, 255);
    }

    private static IEnumerable<byte> Plane(IEnumerable<byte> row, int height) =>
        Enumerable.Repeat(row.ToArray(), height).SelectMany(each => each);

    /// <summary>Grey bars with 10 bits; a signal of 1000 is the brightest.</summary>
    private async Task<string> MakeHdrAsync(string transfer, int[] signals, string tags)
    {
        var width = signals.Length * BarWidth;
        var luma = Enumerable.Range(0, width).Select(x => (ushort)(64 + (876 * signals[x / BarWidth] / 1000)));
        ushort[] samples =
        [
            .. Enumerable.Repeat(luma.ToArray(), Height).SelectMany(row => row),
            .. Enumerable.Repeat((ushort)512, width * Height / 2),
        ];
        var raw = _folder.File("hdr.yuv");
        await File.WriteAllBytesAsync(
            raw, [.. samples.SelectMany(BitConverter.GetBytes)], TestContext.Current.CancellationToken);
        return await Clips.MakeAsync(
            _folder.File(tags.Length == 0 ? "untagged.mp4" : "tagged.mp4"),
            "-f", "rawvideo", "-pix_fmt", "yuv420p10le", "-s", FormattableString.Invariant($"{width}x{Height}"),
            "-i", raw, "-c:v", "libx265", "-x265-params", $"log-level=none:lossless=1:transfer={transfer}{tags}");
    }
}
