namespace ForegSyte.Inference.Pipelines;

/// <summary>What is known about a graph of nodes and edges. Pure; edges to unknown nodes are passed over.</summary>
internal static class PipelineGraph
{
    /// <summary>
    /// The nodes in an order in which every node comes after those that lead to it; of several free nodes the first in
    /// the file. Null where there is a cycle.
    /// </summary>
    public static IReadOnlyList<string>? TopologicalOrder(
        IReadOnlyList<string> nodes, IReadOnlyList<(string From, string To)> edges)
    {
        var order = new List<string>();
        var left = new List<string>(nodes.Distinct());
        while (left.Count > 0)
        {
            var free = left.Find(node => !edges.Any(edge => edge.To == node && left.Contains(edge.From)));
            if (free is null)
            {
                return null;
            }

            left.Remove(free);
            order.Add(free);
        }

        return order;
    }

    /// <summary>
    /// One cycle as a list of nodes that begins and ends with the same one; empty where there is none.
    /// </summary>
    public static IReadOnlyList<string> FindCycle(
        IReadOnlyList<string> nodes, IReadOnlyList<(string From, string To)> edges)
    {
        // Without the nodes that lead nowhere, over and over, only cycles and what leads to them are left.
        var left = new List<string>(nodes.Distinct());
        while (left.RemoveAll(node => !edges.Any(edge => edge.From == node && left.Contains(edge.To))) > 0)
        {
        }

        var path = new List<string>();
        for (var node = left.FirstOrDefault(); node is not null;)
        {
            var seen = path.IndexOf(node);
            path.Add(node);
            if (seen >= 0)
            {
                return path[seen..];
            }

            node = edges.First(edge => edge.From == node && left.Contains(edge.To)).To;
        }

        return [];
    }

    /// <summary>The nodes that are one of the targets or lead to one.</summary>
    public static IReadOnlySet<string> Reaching(
        IEnumerable<string> targets, IReadOnlyList<(string From, string To)> edges)
    {
        var reaching = new HashSet<string>(targets);
        var open = new Queue<string>(reaching);
        while (open.TryDequeue(out var node))
        {
            foreach (var (from, _) in edges.Where(edge => edge.To == node))
            {
                if (reaching.Add(from))
                {
                    open.Enqueue(from);
                }
            }
        }

        return reaching;
    }
}
