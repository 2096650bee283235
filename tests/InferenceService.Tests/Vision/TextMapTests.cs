using CsCheck;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class TextMapTests
{
    private static readonly TextMapThresholds Thresholds = new(0.3f, 0.6f, 1.5f);

    [Fact]
    public void Find_OneBar_GrowsItByAreaTimesRatioOverPerimeter()
    {
        var map = new float[100 * 60];
        Paint(map, 100, 20, 30, 60, 8, 0.9f);

        var box = Assert.Single(TextMap.Find(map, 100, 60, Thresholds));

        // 60 * 8 * 1.5 / (2 * 68) = 5.294 on each side.
        Assert.Equal(20 - 5.294f, box.Quad.TopLeft.X, 1e-2f);
        Assert.Equal(30 - 5.294f, box.Quad.TopLeft.Y, 1e-2f);
        Assert.Equal(80 + 5.294f, box.Quad.BottomRight.X, 1e-2f);
        Assert.Equal(0.9f, box.Confidence, 1e-5f);
    }

    [Theory]
    [InlineData(0.59f, 8)]
    [InlineData(0.9f, 2)]
    public void Find_AFaintOrThinBar_DropsIt(float value, int height)
    {
        var map = new float[100 * 60];
        Paint(map, 100, 20, 30, 60, height, value);

        Assert.Empty(TextMap.Find(map, 100, 60, Thresholds));
    }

    [Theory]
    [InlineData(0.5f, 3)] // A mean of exactly the threshold, and exactly the minimum side.
    [InlineData(0.5f, 4)]
    public void Find_ABarAtBothLimits_KeepsIt(float value, int height)
    {
        var map = new float[100 * 60];
        Paint(map, 100, 20, 30, 60, height, value);

        Assert.Single(TextMap.Find(map, 100, 60, new TextMapThresholds(0.3f, 0.5f, 1.5f)));
    }

    // Rows shifted by one pixel each: n pixels per row give a rectangle (n + 1) / sqrt(2) wide. 2.83 < 3 < 3.54.
    [Theory]
    [InlineData(3, 0)]
    [InlineData(4, 1)]
    public void Find_ADiagonalBar_IsKeptFromAWidthOfThree(int pixelsPerRow, int expected)
    {
        var map = new float[100 * 60];
        for (var y = 5; y < 50; y++)
        {
            Paint(map, 100, y, y, pixelsPerRow, 1, 0.9f);
        }

        Assert.Equal(expected, TextMap.Find(map, 100, 60, new TextMapThresholds(0.3f, 0.1f, 1.5f)).Count);
    }

    [Fact]
    public void Find_APixelOfExactlyTheThreshold_IsNoText()
    {
        var map = new float[20 * 20];
        Paint(map, 20, 2, 2, 15, 15, 0.5f);

        Assert.Empty(TextMap.Find(map, 20, 20, new TextMapThresholds(0.5f, 0.1f, 1)));
    }

    [Fact]
    public void Find_AMapOfAnotherLength_IsRefused() =>
        Assert.Throws<ArgumentException>(() => TextMap.Find(new float[5], 2, 2, Thresholds));

    // The map has the values 0 to 11 in three rows of four; pixel (x, y) has its center at (x + 0.5, y + 0.5).
    [Theory]
    [InlineData(1, 1, 3, 2, 5.5f)] // Pixels 5 and 6.
    [InlineData(0.6f, 0.6f, 2.4f, 1.4f, 0)] // No center inside.
    [InlineData(0.5f, 0.5f, 2.5f, 1.5f, 3)] // Centers on the edges count: 0, 1, 2 and 4, 5, 6.
    [InlineData(-5, -5, 9, 9, 5.5f)] // Clipped to the map.
    [InlineData(-5, 1, 1, 9, 6)] // The left column of the last two rows: 4 and 8.
    [InlineData(3, -5, 9, 1, 3)] // The last pixel of the first row.
    public void MeanInside_ARectangle_CountsThePixelsWhoseCentersItContains(
        float left, float top, float right, float bottom, float expected)
    {
        float[] map = [.. Enumerable.Range(0, 12).Select(value => (float)value)];
        Quad quad = new(new(left, top), new(right, top), new(right, bottom), new(left, bottom));

        Assert.Equal(expected, TextMap.MeanInside(map, 4, 3, quad), 1e-5f);
        Assert.Equal(expected, TextMap.MeanInside(map, 4, 3, quad.Rotated90()), 1e-5f);
        Assert.Equal(expected, TextMap.MeanInside(map, 4, 3, quad.Rotated180()), 1e-5f);
    }

    [Fact]
    public void OutlinePoints_OfRuns_AreTheCornersOfEachRow()
    {
        var component = new ConnectedComponent();
        component.Add(2, 5, 6);
        component.Add(2, 8, 9);
        component.Add(3, 7, 7);

        Assert.Equal(
            [new(5, 2), new(10, 2), new(5, 3), new(10, 3), new(7, 3), new(8, 3), new(7, 4), new(8, 4)],
            component.OutlinePoints());
    }

    [Fact]
    public void Find_TwoBars_GivesTheMoreConfidentFirst()
    {
        var map = new float[100 * 60];
        Paint(map, 100, 10, 5, 60, 8, 0.7f);
        Paint(map, 100, 10, 40, 60, 8, 0.8f);

        Assert.Equal([0.8f, 0.7f], TextMap.Find(map, 100, 60, Thresholds)
            .Select(box => MathF.Round(box.Confidence, 3)));
    }

    [Fact]
    public void Components_OfAnyMap_AreThoseOfAFloodFill() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[1, 12]).SelectMany(size =>
                Gen.Float[0, 1].Array[size.Item1 * size.Item2].Select(map => (size.Item1, size.Item2, map)))
            .Sample((width, height, map) =>
            {
                var found = ConnectedComponents.Find(map, width, height, 0.6f)
                    .Select(component => Extent(component.OutlinePoints())).Order();
                return found.SequenceEqual(FloodFill(map, width, height, 0.6f).Order());
            });

    private static (float, float, float, float) Extent(List<PixelPoint> points) =>
        (points.Min(p => p.X), points.Min(p => p.Y), points.Max(p => p.X), points.Max(p => p.Y));

    private static List<(float, float, float, float)> FloodFill(float[] map, int width, int height, float threshold)
    {
        var seen = new bool[map.Length];
        var extents = new List<(float, float, float, float)>();
        for (var start = 0; start < map.Length; start++)
        {
            if (seen[start] || map[start] <= threshold)
            {
                continue;
            }

            var open = new Stack<int>([start]);
            var points = new List<PixelPoint>();
            seen[start] = true;
            while (open.TryPop(out var pixel))
            {
                var (x, y) = (pixel % width, pixel / width);
                points.AddRange([new(x, y), new(x + 1, y + 1)]);
                for (var i = 0; i < map.Length; i++)
                {
                    if (!seen[i] && map[i] > threshold && Math.Abs((i % width) - x) <= 1
                        && Math.Abs((i / width) - y) <= 1)
                    {
                        seen[i] = true;
                        open.Push(i);
                    }
                }
            }

            extents.Add(Extent(points));
        }

        return extents;
    }

    private static void Paint(float[] map, int mapWidth, int left, int top, int width, int height, float value)
    {
        for (var y = top; y < top + height; y++)
        {
            map.AsSpan((y * mapWidth) + left, width).Fill(value);
        }
    }
}
