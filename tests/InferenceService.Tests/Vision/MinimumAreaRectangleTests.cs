using CsCheck;
using ForegSyte.Inference.Tests.Reference;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class MinimumAreaRectangleTests
{
    private static readonly Gen<List<PixelPoint>> Points =
        Gen.Select(Gen.Float[0, 500], Gen.Float[0, 500], (x, y) => new PixelPoint(x, y)).List[1, 40];

    [Fact]
    public void Around_RandomPoints_HasTheAreaThatOpenCvFinds()
    {
        foreach (var item in ReferenceValues.Get("rectangles").EnumerateArray())
        {
            var points = item.GetProperty("points").EnumerateArray().Select(point => point.Floats());
            var quad = MinimumAreaRectangle.Around(
                ConvexHull.Of([.. points.Select(point => new PixelPoint(point[0], point[1]))]));

            var expected = item.GetProperty("area").GetSingle();
            Assert.Equal(expected, quad.Width * quad.Height, expected * 1e-3f);
        }
    }

    [Fact]
    public void Around_AnyPoints_HoldsThemAllAndIsNoLargerThanTheUprightBox() =>
        Points.Sample(points =>
        {
            var quad = MinimumAreaRectangle.Around(ConvexHull.Of([.. points]));
            var upright = (points.Max(p => p.X) - points.Min(p => p.X)) * (points.Max(p => p.Y) - points.Min(p => p.Y));
            return quad.Width * quad.Height <= upright + 1
                && points.TrueForAll(point => Holds(quad.ExpandedBy(0.1f), point));
        });

    [Fact]
    public void Around_AnyPoints_GivesTheCornersClockwiseFromTheUpperLeft() =>
        Points.Where(points => points.Count > 3).Sample(points =>
        {
            var quad = MinimumAreaRectangle.Around(ConvexHull.Of([.. points]));
            return PixelPoint.Cross(quad.TopRight - quad.TopLeft, quad.BottomLeft - quad.TopLeft) >= -0.5f
                && quad.TopLeft.Y <= quad.BottomLeft.Y && quad.TopRight.Y <= quad.BottomRight.Y;
        });

    [Fact]
    public void Around_ATurnedRectangle_FindsItsSides()
    {
        var along = new PixelPoint(MathF.Cos(0.3f), MathF.Sin(0.3f));
        var down = new PixelPoint(-along.Y, along.X);
        var corner = new PixelPoint(50, 60);
        List<PixelPoint> points = [corner, corner + (along * 80), corner + (along * 80) + (down * 20),
            corner + (down * 20)];

        var quad = MinimumAreaRectangle.Around(ConvexHull.Of(points));

        Assert.Equal(80, quad.Width, 1e-3f);
        Assert.Equal(20, quad.Height, 1e-3f);
        Assert.Equal(50, quad.TopLeft.X, 1e-3f);
    }

    [Fact]
    public void Of_PointsOnOneLine_IsItsEnds()
    {
        Assert.Equal([new(0, 0), new(3, 3)], ConvexHull.Of([new(1, 1), new(0, 0), new(3, 3), new(2, 2)]));
        Assert.Equal([new(1, 1)], ConvexHull.Of([new(1, 1), new(1, 1)]));
    }

    private static bool Holds(Quad quad, PixelPoint point)
    {
        PixelPoint[] corners = [quad.TopLeft, quad.TopRight, quad.BottomRight, quad.BottomLeft];
        return Enumerable.Range(0, 4).All(i =>
            PixelPoint.Cross(corners[(i + 1) % 4] - corners[i], point - corners[i]) >= -0.5f * quad.Width - 1);
    }
}
