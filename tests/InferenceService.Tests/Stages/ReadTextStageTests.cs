using ForegSyte.Inference.Stages;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Stages;

/// <summary>The steps of read_text between its models, which find and read given lines.</summary>
public sealed class ReadTextStageTests
{
    private static readonly TinyLine Upper = new(10, 12, 50, 28, 0.7f, new("AB", 0.99f));
    private static readonly TinyLine Lower = new(100, 60, 140, 76, 0.9f, new("CDE", 0.75f));

    [Fact]
    public async Task Process_TwoLines_GivesThemInReadingOrderInSourcePixels()
    {
        using var reader = new TinyReader([Lower, Upper]);

        var texts = (await reader.ReadAsync(sourceWidth: 320, sourceHeight: 288)).Texts;

        Assert.Equal(["AB", "CDE"], texts.Select(text => text.Region.Text));
        Assert.Equal([0.99f, 0.75f], texts.Select(text => text.Region.Confidence));
        Assert.Equal([(20, 36), (100, 36), (100, 84), (20, 84)], Corners(texts[0]));
        Assert.Equal([(200, 180), (280, 180), (280, 228), (200, 228)], Corners(texts[1]));
        Assert.All(texts, text => Assert.Null(text.Within));
    }

    [Fact]
    public async Task Process_AnEmptyFrame_HasNoText()
    {
        using var reader = new TinyReader([], upsideDown: 1);

        var output = await reader.ReadAsync();

        Assert.Empty(output.Texts);
        Assert.Equal(0, output.UnsupportedLines);
    }

    [Fact]
    public async Task Process_ARegionOfTheFrame_HasTheLinesWithTheirCenterInIt()
    {
        using var reader = new TinyReader([Upper, Lower]);

        var left = await reader.ReadAsync(Inside(0, 0.1, 0.2, 0.3));
        var right = await reader.ReadAsync(Inside(0.7, 0.65, 0.8, 0.75));
        var middle = await reader.ReadAsync(Inside(0.3, 0.3, 0.6, 0.6));

        Assert.Equal("AB", Assert.Single(left.Texts).Region.Text);
        Assert.Equal("CDE", Assert.Single(right.Texts).Region.Text);
        Assert.Empty(middle.Texts);
    }

    [Fact]
    public async Task Process_AMinimumConfidence_KeepsLinesFromItOn()
    {
        using var reader = new TinyReader([Upper, Lower]);

        var equal = await reader.ReadAsync(new FrameFilter([], 0.75f, []));
        var above = await reader.ReadAsync(new FrameFilter([], MathF.BitIncrement(0.75f), []));

        Assert.Equal(["AB", "CDE"], equal.Texts.Select(text => text.Region.Text));
        Assert.Equal("AB", Assert.Single(above.Texts).Region.Text);
    }

    [Fact]
    public async Task Process_LinesInAnUnknownScript_AreLeftOutAndCounted()
    {
        // A doubt of 0.25 about four letters is above the limit of 0.2; three letters are too few to judge by.
        var unknown = new TinyLine(100, 12, 140, 28, 0.8f, new("FGHA", 0.75f));
        using var reader = new TinyReader([Upper, Lower, unknown]);

        var output = await reader.ReadAsync();

        Assert.Equal(["AB", "CDE"], output.Texts.Select(text => text.Region.Text));
        Assert.Equal(1, output.UnsupportedLines);
    }

    [Fact]
    public async Task Process_AnIllegibleLine_IsLeftOutAndNotCounted()
    {
        using var reader = new TinyReader([Upper, Lower with { Upright = new("CDE", 0.45f) }]);

        var output = await reader.ReadAsync();

        Assert.Equal("AB", Assert.Single(output.Texts).Region.Text);
        Assert.Equal(0, output.UnsupportedLines);
    }

    [Fact]
    public async Task Process_ALineUpsideDown_IsReadFromItsOtherEnd()
    {
        TinyLine[] lines =
        [
            Upper with { Turned = new("GH", 0.99f) }, // Certain as it is.
            new(100, 12, 140, 28, 0.8f, new("CD", 0.6f), new("EF", 0.7f)), // Not certain enough upside down.
            Lower with { Upright = new("AC", 0.6f), Turned = new("BD", 0.9f) },
        ];
        using var reader = new TinyReader(lines, upsideDown: 1);

        var texts = (await reader.ReadAsync()).Texts;

        Assert.Equal(["AB", "CD", "BD"], texts.Select(text => text.Region.Text));
        Assert.Equal([(100, 12), (140, 12), (140, 28), (100, 28)], Corners(texts[1]));
        Assert.Equal([(140, 76), (100, 76), (100, 60), (140, 60)], Corners(texts[2]));
    }

    [Theory]
    [InlineData(null, "AC")] // Without a direction model.
    [InlineData(0.4f, "AC")]
    [InlineData(0.5f, "BD")]
    public async Task Process_ADoubtfulLine_IsTurnedIfTheDirectionModelSaysSo(float? upsideDown, string expected)
    {
        var line = Lower with { Upright = new("AC", 0.6f), Turned = new("BD", 0.9f) };
        using var reader = new TinyReader([line], upsideDown);

        Assert.Equal(expected, Assert.Single((await reader.ReadAsync()).Texts).Region.Text);
    }

    [Fact]
    public void Reuse_OfAnEarlierLine_LinksItToTheDetectionAroundItsCenter()
    {
        var region = new TextRegion
        {
            Text = "AB",
            DetectionIndex = 7,
            Polygon = { Corner(40, 60), Corner(80, 60), Corner(80, 70), Corner(40, 70) },
        };
        var around = new Detection { Box = new BoundingBox { X = 55, Y = 64, Width = 10, Height = 2 } };
        using var reader = new TinyReader([]);

        var reused = Assert.Single(reader.Stage.Reuse(
            StageOutput.Of([new TextFinding(region, null)]),
            new StageInput(null!, [StageOutput.Of(Array.Empty<Detection>()), StageOutput.Of([around])])).Texts);

        Assert.Same(around, reused.Within);
        Assert.False(reused.Region.HasDetectionIndex, $"The line kept the index of the earlier frame: {reused.Region}");
        Assert.Equal(7, region.DetectionIndex);
        Assert.Equal(("AB", region.Polygon), (reused.Region.Text, reused.Region.Polygon));
    }

    private static Point Corner(float x, float y) => new() { X = x, Y = y };

    private static (int X, int Y)[] Corners(TextFinding text) =>
        [.. text.Region.Polygon.Select(corner => ((int)MathF.Round(corner.X), (int)MathF.Round(corner.Y)))];

    private static FrameFilter Inside(double left, double top, double right, double bottom)
    {
        var polygon = new RelativePolygon
        {
            Points = { At(left, top), At(right, top), At(right, bottom), At(left, bottom) },
        };
        return new([], 0, [polygon]);

        static RelativePoint At(double x, double y) => new() { X = x, Y = y };
    }
}
