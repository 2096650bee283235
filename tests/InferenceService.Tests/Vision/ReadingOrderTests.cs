using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

/// <summary>Rows and their order, worked out by hand; TextReferenceTests compares whole pages with PaddleOCR.</summary>
public sealed class ReadingOrderTests
{
    [Fact]
    public void Of_TwoRows_IsRowByRowFromTheLeft()
    {
        Quad[] regions = [Box(200, 52, 60, 18), Box(100, 10, 50, 20), Box(5, 50, 85, 20), Box(5, 13, 75, 20)];

        Assert.Equal([3, 1, 2, 0], ReadingOrder.Of(regions));
        Assert.Empty(ReadingOrder.Of([]));
    }

    // The first region is 20 high at (100, 0); the second one starts further left, so it comes first in the same row.
    [Theory]
    [InlineData(9.9f, 20, true)] // Its center is 9.9 lower: less than half of 20.
    [InlineData(10, 20, false)]
    [InlineData(-0.1f, 40, true)] // 40 high, the center 9.9 lower; the lower one of the two counts.
    [InlineData(0, 40, false)]
    [InlineData(9.9f, 10, true)] // 10 high, the center 4.9 lower.
    [InlineData(10, 10, false)]
    public void Of_ARegionLowerOnTheLeft_IsInTheRowUpToHalfTheLowerHeight(float y, float height, bool isSameRow)
    {
        Quad[] regions = [Box(100, 0, 50, 20), Box(0, y, 50, height)];

        Assert.Equal(isSameRow ? [1, 0] : [0, 1], ReadingOrder.Of(regions));
    }

    [Fact]
    public void Of_AStaircase_ComparesWithTheFirstRegionOfTheRow()
    {
        // Each is 6 lower than the one before and further left: the third is 12 below the first and begins a row.
        Quad[] regions = [Box(200, 0, 50, 20), Box(100, 6, 50, 20), Box(0, 12, 50, 20)];

        Assert.Equal([1, 0, 2], ReadingOrder.Of(regions));
    }

    [Fact]
    public void Of_RegionsAtOneLeftEdge_IsFromTheTopAndThenAsGiven()
    {
        Assert.Equal([1, 0], ReadingOrder.Of([Box(0, 4, 50, 20), Box(0, 0, 50, 20)]));
        Assert.Equal([0, 1], ReadingOrder.Of([Box(0, 0, 50, 20), Box(0, 0, 60, 20)]));
    }

    [Fact]
    public void Of_ATiltedRegion_CountsItsUprightBox()
    {
        // The tilted region spans 0 to 40 and starts at x = -6; its center is 20, that of the other one is 21.
        Quad tilted = new(new(-6, 32), new(90, 0), new(94, 8), new(-2, 40));

        Assert.Equal([0, 1], ReadingOrder.Of([tilted, Box(-5, 11, 40, 20)]));
        Assert.Equal([1, 0], ReadingOrder.Of([tilted, Box(-7, 11, 40, 20)]));
    }

    private static Quad Box(float x, float y, float width, float height) =>
        new(new(x, y), new(x + width, y), new(x + width, y + height), new(x, y + height));
}
