using CliWrap;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Stages;

/// <summary>
/// Lines that FFmpeg's drawtext has rendered with Debian's DejaVu, Noto and Roboto fonts: the folder Lines.
/// </summary>
public sealed class RenderedLineTests(LoadedModels models) : IClassFixture<LoadedModels>
{
    private const string Strip =
        "NEXT TRAIN TO CENTRAL STATION DEPARTS AT 1045 FROM PLATFORM 7 - PLEASE STAND BEHIND THE YELLOW LINE - "
        + "NO SMOKING ANYWHERE IN THE STATION - LOST PROPERTY OFFICE IS OPEN UNTIL 1800 ON LEVEL 2 NEAR GATE B12";

    private const string TallStrip =
        "the quick brown fox jumps over the lazy dog while markets rise 3.5 percent and the weather stays dry";

    [Theory]
    [InlineData("dock", 640, 120, "DOCK 12 SOUTH")]
    [InlineData("upside_down", 640, 120, "Platform 12 departs")]
    [InlineData("upside_down_digits", 640, 160, "2457 139")]
    [InlineData("mixed_case", 640, 100, "iPhone eBay McDonald 10 μm")]
    [InlineData("chinese", 640, 100, "北京火车站12号出口")]
    [InlineData("strip", 4000, 32, Strip)]
    [InlineData("tall_strip", 48, 3200, TallStrip)]
    public async Task Process_ALineInASupportedScript_ReadsIt(string name, int width, int height, string text)
    {
        using var frame = await ReadAsync(name, width, height);

        var output = await ProcessAsync(frame);

        Assert.Equal([text], output.Texts.Select(finding => finding.Region.Text));
        Assert.InRange(output.Texts[0].Region.Confidence, 0.9f, 1);
        Assert.Equal(0, output.UnsupportedLines);
    }

    [Theory]
    [InlineData("cyrillic")]
    [InlineData("greek")]
    [InlineData("hebrew")]
    [InlineData("arabic")]
    [InlineData("korean")]
    [InlineData("hindi")]
    [InlineData("thai")]
    public async Task Process_ALineInAnotherScript_GivesNothingAndCountsIt(string name)
    {
        using var frame = await ReadAsync(name, 640, 100);

        var output = await ProcessAsync(frame);

        Assert.Empty(output.Texts.Select(finding => finding.Region.Text));
        Assert.Equal(1, output.UnsupportedLines);
    }

    private async Task<StageOutput> ProcessAsync(Frame frame) =>
        await LoadedModels.Reader(models.Sessions, direction: true)
            .ProcessAsync(new StageInput(frame, []), TestContext.Current.CancellationToken);

    private static async Task<Frame> ReadAsync(string name, int width, int height)
    {
        var path = Path.Combine(
            RepositoryFiles.Root, "tests", "InferenceService.Tests", "Stages", "Lines", name + ".png");
        using var output = new MemoryStream();
        await Cli.Wrap("ffmpeg")
            .WithArguments(["-v", "error", "-nostdin", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
            .WithStandardOutputPipe(PipeTarget.ToStream(output))
            .ExecuteAsync();
        var frame = new Frame(0, 0, width, height, width, height);
        Assert.Equal(frame.Pixels.Length, output.Length);
        output.GetBuffer().AsSpan(0, (int)output.Length).CopyTo(frame.Pixels.Span);
        return frame;
    }
}
