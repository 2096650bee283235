using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class TextLineJoiningTests
{
    private const float WidestGap = 0.5f;

    [Fact]
    public void Join_ThreeWordsOfALine_GivesOneRegionAroundThem()
    {
        var line = Assert.Single(Join(Box(70, 0, 30, 20), Box(0, 0, 40, 20), Box(48, 1, 14, 20)));

        Assert.Equal((0, 0, 100, 21), Bounds(line.Quad));
    }

    [Fact]
    public void Join_ATiltedLine_KeepsItsTilt()
    {
        // Along (0.8, 0.6): 40 long, a gap of 5, 20 long; 10 high.
        var line = Assert.Single(Join(Tilted(0, 40), Tilted(45, 65)));

        Assert.Equal(65, line.Quad.Width, 0.01f);
        Assert.Equal(10, line.Quad.Height, 0.01f);
    }

    [Theory]
    [InlineData(51, 0, 30, 20)] // A wider gap: another column.
    [InlineData(45, 7, 30, 20)] // Lower: another line.
    [InlineData(45, 4, 30, 11)] // Smaller letters.
    [InlineData(0, 20, 40, 20)] // The next line.
    public void Join_WhatIsNotOfTheLine_LeavesItApart(float x, float y, float width, float height) =>
        Assert.Equal(2, Join(Box(0, 0, 40, 20), Box(x, y, width, height)).Count);

    [Fact]
    public void Join_TallRegionsSideBySide_LeavesThemApart() =>
        Assert.Equal(2, Join(Box(0, 0, 10, 80), Box(12, 0, 10, 80)).Count);

    [Fact]
    public void Join_WithoutAGap_LeavesAllAsTheyAre()
    {
        TextBox[] regions = [Box(0, 0, 40, 20), Box(30, 0, 40, 20)];

        Assert.Equal(regions, TextLineJoining.Join(regions, 0));
    }

    private static List<TextBox> Join(params TextBox[] regions) => TextLineJoining.Join(regions, WidestGap);

    private static TextBox Box(float x, float y, float width, float height) => new(
        new Quad(new(x, y), new(x + width, y), new(x + width, y + height), new(x, y + height)), 0.9f);

    private static TextBox Tilted(float from, float to)
    {
        return new(new Quad(At(from, 0), At(to, 0), At(to, 10), At(from, 10)), 0.9f);

        static PixelPoint At(float x, float y) => new((0.8f * x) - (0.6f * y), (0.6f * x) + (0.8f * y));
    }

    private static (float Left, float Top, float Right, float Bottom) Bounds(Quad quad) =>
        (quad.TopLeft.X, quad.TopLeft.Y, quad.BottomRight.X, quad.BottomRight.Y);
}
