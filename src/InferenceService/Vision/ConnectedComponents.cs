namespace ForegSyte.Inference.Vision;

/// <summary>
/// Sets of pixels above a threshold that touch by a side or a corner (8-connected, as OpenCV's findContours), found in
/// one pass over the runs of each row with a union-find forest.
/// </summary>
internal static class ConnectedComponents
{
    /// <summary>The components, in the order of their first pixel.</summary>
    /// <param name="map">height * width values, row by row.</param>
    /// <param name="width">Width of the map.</param>
    /// <param name="height">Height of the map.</param>
    /// <param name="threshold">Pixels above this belong to a component.</param>
    public static IReadOnlyList<ConnectedComponent> Find(
        ReadOnlySpan<float> map, int width, int height, float threshold)
    {
        var runs = new List<Run>();
        var parents = new List<int>();
        var previousStart = 0;
        for (var y = 0; y < height; y++)
        {
            var currentStart = runs.Count;
            AppendRuns(map.Slice(y * width, width), y, threshold, runs, parents);
            Connect(runs, parents, previousStart, currentStart);
            previousStart = currentStart;
        }

        return Collect(runs, parents);
    }

    private static void AppendRuns(ReadOnlySpan<float> row, int y, float threshold, List<Run> runs, List<int> parents)
    {
        for (var x = 0; x < row.Length; x++)
        {
            if (!(row[x] > threshold))
            {
                continue;
            }

            var first = x;
            while (x + 1 < row.Length && row[x + 1] > threshold)
            {
                x++;
            }

            parents.Add(runs.Count);
            runs.Add(new Run(y, first, x));
        }
    }

    /// <summary>Joins the runs of the current row with those of the row above that they touch.</summary>
    private static void Connect(List<Run> runs, List<int> parents, int previousStart, int currentStart)
    {
        var above = previousStart;
        for (var current = currentStart; current < runs.Count; current++)
        {
            while (above < currentStart && runs[above].Last + 1 < runs[current].First)
            {
                above++;
            }

            for (var i = above; i < currentStart && runs[i].First <= runs[current].Last + 1; i++)
            {
                var (a, b) = (Root(parents, i), Root(parents, current));
                parents[Math.Max(a, b)] = Math.Min(a, b);
            }
        }
    }

    private static int Root(List<int> parents, int index)
    {
        while (parents[index] != index)
        {
            parents[index] = parents[parents[index]];
            index = parents[index];
        }

        return index;
    }

    private static List<ConnectedComponent> Collect(List<Run> runs, List<int> parents)
    {
        var components = new List<ConnectedComponent>();
        var byRoot = new Dictionary<int, ConnectedComponent>();
        for (var i = 0; i < runs.Count; i++)
        {
            var root = Root(parents, i);
            if (!byRoot.TryGetValue(root, out var component))
            {
                component = new ConnectedComponent();
                byRoot.Add(root, component);
                components.Add(component);
            }

            component.Add(runs[i].Row, runs[i].First, runs[i].Last);
        }

        return components;
    }

    private readonly record struct Run(int Row, int First, int Last);
}
