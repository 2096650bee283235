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

    [Fact]
    public void Find_TwoBars_GivesTheSurerFirst()
    {
        var map = new float[100 * 60];
        Paint(map, 100, 10, 5, 60, 8, 0.7f);
        Paint(map, 100, 10, 40, 60, 8, 0.8f);

        Assert.Equal(
            [0.8f, 0.7f], TextMap.Find(map, 100, 60, Thresholds).Select(box => MathF.Round(box.Confidence, 3)));
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
