using ForegSyte.Inference.Models;
using ForegSyte.Inference.Vision;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Vision;

/// <summary>Joining with the gap of the shipped catalogue: half the height of the lower region.</summary>
public sealed class TextLineJoiningTests
{
    private static readonly float MaximumGap =
        ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"))
            .Find("ppocr_v4_detection")!.Thresholds[Thresholds.TextJoin];

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

    // The first region is 40x20 at the origin. The gap can be 0.5 of the lower height, the lower height must be 0.6 of
    // the other one, and the middles can be 0.3 of the lower height apart.
    [Theory]
    [InlineData(50, 0, 30, 20, true)] // A gap of 10 = 0.5 * 20 on the right.
    [InlineData(50.2f, 0, 30, 20, false)]
    [InlineData(-40, 0, 30, 20, true)] // The same on the left.
    [InlineData(-40.2f, 0, 30, 20, false)]
    [InlineData(46, 4, 30, 12.1f, true)] // Heights of 12.1 and 20, a gap of 6 < 0.5 * 12.1.
    [InlineData(46, 4, 30, 11.9f, false)]
    [InlineData(40, -6.5f, 30, 33, true)] // Heights of 20 and 33: 20 > 0.6 * 33.
    [InlineData(40, -7, 30, 34, false)]
    [InlineData(45, 5.9f, 30, 20, true)] // The middle 5.9 < 0.3 * 20 lower.
    [InlineData(45, 6.1f, 30, 20, false)]
    [InlineData(45, -5.9f, 30, 20, true)] // The same above.
    [InlineData(45, -6.1f, 30, 20, false)]
    [InlineData(46.4f, 4, 30, 13, true)] // The gap is a share of the lower height: 6.4 < 0.5 * 13.
    [InlineData(46.6f, 4, 30, 13, false)]
    [InlineData(10, 2, 20, 16, true)] // Inside the first.
    [InlineData(0, 20, 40, 20, false)] // The next line.
    public void Join_AtTheLimits_JoinsUpToThem(float x, float y, float width, float height, bool isJoined)
    {
        var (first, other) = (Box(0, 0, 40, 20), Box(x, y, width, height));

        var joined = Join(first, other);

        Assert.Equal(isJoined ? 1 : 2, joined.Count);
        if (isJoined)
        {
            Assert.Equal(
                (Math.Min(0, x), Math.Min(0, y), Math.Max(40, x + width), Math.Max(20, y + height)),
                Bounds(joined[0].Quad));
        }
    }

    [Fact]
    public void Join_TheWiderRegionSecond_GivesTheSame()
    {
        Assert.Equal((0, 0, 100, 20), Bounds(Assert.Single(Join(Box(0, 0, 30, 20), Box(40, 0, 60, 20))).Quad));
        Assert.Equal(2, Join(Box(0, 0, 30, 20), Box(40.2f, 0, 60, 20)).Count);
    }

    [Fact]
    public void Join_AWideRegionAndATallOne_TakesInTheTallOne() =>
        Assert.Single(Join(Box(0, 0, 40, 20), Box(45, 0, 10, 20)));

    [Fact]
    public void Join_ATallRegionBeforeAWideOne_TakesInTheTallOne() =>
        Assert.Equal((0, 0, 50, 20), Bounds(Assert.Single(Join(Box(40, 0, 10, 20), Box(0, 0, 36, 20))).Quad));

    [Fact]
    public void Join_ARegionAtAnAngle_CoversItsOutermostCorners()
    {
        // Along the first region, the corners of the second one span (42, 1) to (63, 19) in any order.
        Quad tilted = new(new(42, 4), new(60, 1), new(63, 16), new(45, 19));
        Quad[] orders = [tilted, tilted.Rotated90(), tilted.Rotated180(), tilted.Rotated180().Rotated90()];

        Assert.All(orders, order => Assert.Equal(
            (0, 0, 63, 20), Bounds(Assert.Single(Join(Box(0, 0, 40, 20), new TextBox(order, 0.5f))).Quad)));
    }

    [Fact]
    public void Join_TallRegionsSideBySide_LeavesThemApart() =>
        Assert.Equal(2, Join(Box(0, 0, 10, 80), Box(12, 0, 10, 80)).Count);

    [Fact]
    public void Join_SquaresSideBySide_JoinsThem() => Assert.Single(Join(Box(0, 0, 20, 20), Box(25, 0, 20, 20)));

    [Fact]
    public void Join_ARegionWithoutHeight_LeavesItApart() =>
        Assert.Equal(2, Join(Box(0, 0, 40, 0), Box(41, 0, 30, 0)).Count);

    [Fact]
    public void Join_APartThatOnlyTheLongerLineReaches_TakesItInToo()
    {
        // The first and the third are too far apart; the second joins them. The order makes a second pass necessary.
        var line = Assert.Single(Join(Box(0, 0, 40, 20), Box(98, 0, 40, 20), Box(49, 0, 40, 20)));

        Assert.Equal((0, 0, 138, 20), Bounds(line.Quad));
    }

    [Fact]
    public void Join_TwoLinesAndANoise_KeepsOrderAndHighestConfidence()
    {
        TextBox[] regions =
        [
            Box(0, 0, 40, 20) with { Confidence = 0.9f }, Box(0, 60, 40, 20) with { Confidence = 0.8f },
            Box(45, 60, 40, 20) with { Confidence = 0.7f }, Box(300, 0, 40, 20) with { Confidence = 0.6f },
            Box(45, 0, 40, 20) with { Confidence = 0.5f },
        ];

        var joined = TextLineJoining.Join(regions, MaximumGap);

        Assert.Equal(
            [(0f, 0f, 85f, 20f), (0f, 60f, 85f, 80f), (300f, 0f, 340f, 20f)],
            joined.Select(box => Bounds(box.Quad)));
        Assert.Equal([0.9f, 0.8f, 0.6f], joined.Select(box => box.Confidence));
        Assert.Equal(0.9f, Assert.Single(Join(regions[4], regions[0])).Confidence);
    }

    [Fact]
    public void Join_WithoutAGap_LeavesAllAsTheyAre()
    {
        TextBox[] regions = [Box(0, 0, 40, 20), Box(30, 0, 40, 20)];

        Assert.Equal(regions, TextLineJoining.Join(regions, 0));
    }

    private static List<TextBox> Join(params TextBox[] regions) => TextLineJoining.Join(regions, MaximumGap);

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
