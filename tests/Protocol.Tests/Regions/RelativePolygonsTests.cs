using ForegSyte.Protocol.Regions;
using ForegSyte.V1;

namespace ForegSyte.Protocol.Tests.Regions;

public sealed class RelativePolygonsTests
{
    [Theory]
    [InlineData("0,0 1,0 1,1 0,1", null, "")]
    [InlineData("0,0 1,0 0.5,0.5 1,1 0,1", null, "")]
    [InlineData("0.1,0.1 0.9,0.1 0.5,0.9", null, "")]
    [InlineData("0,0 1,0", "points", "3 to 100 corners; it has 2")]
    [InlineData("0,0 1.5,0 1,1", "points[1].x", "0 to 1")]
    [InlineData("0,0 1,-0.1 1,1", "points[1].y", "0 to 1")]
    [InlineData("0,0 1,NaN 1,1", "points[1].y", "0 to 1")]
    [InlineData("0,0 1,1 1,0 0,1", "points", "cross itself, as the sides from the corners 0 and 2 do")]
    [InlineData("0,0 1,0 1,1 0.5,0 0,1", "points", "cross itself")]
    [InlineData("0,0 1,0 1,0 0,1", "points", "same corner twice in a row, as at 1")]
    [InlineData("0,0 1,0 1,1 0,0", "points", "same corner twice in a row, as at 3")]
    [InlineData("0,0 1,0 0.5,0", "points", "cross itself")]
    [InlineData("0,0 0.4,0 0.4,0.4 0.8,0.4 0.4,0.4 0,1", "points", "cross itself")]
    public void MistakeIn_NamesFieldAndRule(string polygon, string? field, string problem)
    {
        var mistake = RelativePolygons.MistakeIn(Parse(polygon));

        Assert.Equal(field, mistake?.Field);
        Assert.Contains(problem, mistake?.Problem ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void MistakeIn_MoreThan100Corners_IsAMistake()
    {
        Assert.Null(RelativePolygons.MistakeIn(Circle(100)));
        Assert.Equal("points", RelativePolygons.MistakeIn(Circle(101))?.Field);
    }

    [Fact]
    public void Contains_ConcavePolygon_LeavesTheNotchOut()
    {
        var arrow = Parse("0,0 1,0 0.5,0.5 1,1 0,1");

        Assert.True(RelativePolygons.Contains(arrow, 0.3, 0.5), "The middle is inside.");
        Assert.False(RelativePolygons.Contains(arrow, 0.9, 0.5), "The notch is outside.");
        Assert.True(RelativePolygons.Contains(arrow, 0.9, 0.05), "The upper tip is inside.");
    }

    [Fact]
    public void Contains_NeighborsThatDivideTheFrame_ShareNoPointAndMissNone()
    {
        RelativePolygon[] parts =
        [
            Parse("0,0 0.5,0 0.5,0.5 0,0.5"), Parse("0.5,0 1,0 1,0.5 0.5,0.5"), Parse("0,0.5 1,0.5 1,1"),
            Parse("0,0.5 1,1 0,1"),
        ];
        for (var x = 0; x <= 16; x++)
        {
            for (var y = 0; y <= 16; y++)
            {
                Assert.Single(parts, part => RelativePolygons.Contains(part, x / 16d, y / 16d));
            }
        }
    }

    [Fact]
    public void Contains_PointsOutsideTheBounds_AreOutside()
    {
        var circle = Circle(32);

        Assert.True(RelativePolygons.Contains(circle, 0.5, 0.5), "The center is inside.");
        Assert.False(RelativePolygons.Contains(circle, 0.05, 0.05), "A corner of the frame is outside.");
        Assert.False(RelativePolygons.Contains(circle, 1, 1), "A corner of the frame is outside.");
    }

    private static RelativePolygon Circle(int corners) => new()
    {
        Points =
        {
            Enumerable.Range(0, corners).Select(corner => new RelativePoint
            {
                X = 0.5 + (0.5 * Math.Cos(Math.Tau * corner / corners)),
                Y = 0.5 + (0.5 * Math.Sin(Math.Tau * corner / corners)),
            }),
        },
    };

    private static RelativePolygon Parse(string polygon)
    {
        var parsed = new RelativePolygon();
        foreach (var corner in polygon.Split(' '))
        {
            var numbers = corner.Split(',');
            parsed.Points.Add(new RelativePoint { X = Number(numbers[0]), Y = Number(numbers[1]) });
        }

        return parsed;

        static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }
}
