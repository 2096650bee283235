using System.Text.RegularExpressions;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Checks the rules of a pipeline and reports all violations together.</summary>
internal static partial class PipelineValidator
{
    /// <summary>Maximum number of nodes.</summary>
    public const int MaxNodes = 32;

    /// <summary>Checks a pipeline against the stages and the model catalogue.</summary>
    /// <returns>The problems, each a full sentence; empty for a valid pipeline.</returns>
    public static List<string> Check(Pipeline pipeline, ModelCatalogue models)
    {
        var problems = new List<string>();
        CheckId(pipeline.Id, "the pipeline", problems);
        if (pipeline.Nodes.Count is 0 or > MaxNodes)
        {
            problems.Add($"The pipeline has {pipeline.Nodes.Count} nodes; it must have 1 to {MaxNodes}.");
        }

        foreach (var id in Repeated(pipeline.Nodes.Select(node => node.Id)))
        {
            problems.Add($"The node id '{id}' is used more than once.");
        }

        foreach (var node in pipeline.Nodes)
        {
            CheckNode(node, models, problems);
        }

        CheckEdges(pipeline, problems);
        CheckEnds(pipeline, problems);
        CheckTracking(pipeline, problems);
        return problems;
    }

    /// <summary>Whether a text can be the id of a pipeline or node.</summary>
    internal static bool IsId(string text) => IdForm().IsMatch(text);

    private static void CheckId(string id, string what, List<string> problems)
    {
        if (!IsId(id))
        {
            problems.Add(
                $"The id '{id}' of {what} must be a lower-case letter followed by at most 62 of a-z, 0-9 and _.");
        }
    }

    private static void CheckNode(PipelineNode node, ModelCatalogue models, List<string> problems)
    {
        CheckId(node.Id, "a node", problems);
        if (StageKind.Find(node.Stage) is not { } kind)
        {
            problems.Add($"Node '{node.Id}' has the unknown stage '{node.Stage}'; the stages are "
                + $"{string.Join(", ", StageKind.All.Select(known => known.Name))}.");
            return;
        }

        foreach (var role in kind.RequiredRoles.Keys.Where(role => !node.Models.ContainsKey(role)))
        {
            problems.Add($"Node '{node.Id}' needs a model for the role '{role}' of the stage {kind.Name}.");
        }

        foreach (var (role, modelId) in node.Models.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            CheckModel(node, kind, role, modelId, models, problems);
        }

        CheckParameters(node, kind, problems);
    }

    private static void CheckModel(
        PipelineNode node, StageKind kind, string role, string modelId, ModelCatalogue models, List<string> problems)
    {
        if (!kind.RequiredRoles.TryGetValue(role, out var expected)
            && !kind.OptionalRoles.TryGetValue(role, out expected))
        {
            var roles = kind.RequiredRoles.Keys.Concat(kind.OptionalRoles.Keys);
            problems.Add($"Node '{node.Id}' names the unknown role '{role}'; the stage {kind.Name} has "
                + $"{string.Join(", ", roles)}.");
            return;
        }

        if (models.Find(modelId) is not { } entry)
        {
            problems.Add(
                $"Node '{node.Id}' names the model '{modelId}', which is not in the model catalogue; the catalogue has "
                + $"{string.Join(", ", models.Names)}.");
            return;
        }

        if (entry.Rules.Role != expected)
        {
            var families = FamilyRules.ByName.Values.Where(rules => rules.Role == expected).Select(rules => rules.Name);
            problems.Add($"Node '{node.Id}' gives the model '{modelId}' of the family {entry.Rules.Name} the role "
                + $"'{role}', which accepts the families {string.Join(", ", families.Order(StringComparer.Ordinal))}.");
        }
    }

    private static void CheckParameters(PipelineNode node, StageKind kind, List<string> problems)
    {
        // The model of an optional role that the node does not fill has no effect, and neither have its parameters.
        var rules = kind.RequiredRoles
            .Concat(kind.OptionalRoles.Where(role => node.Models.ContainsKey(role.Key)))
            .SelectMany(role => FamilyRules.ParametersOf(role.Value))
            .ToList();
        foreach (var (name, value) in node.Parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (rules.Find(rule => rule.Name == name) is not { } rule)
            {
                problems.Add($"Node '{node.Id}' has the unknown parameter '{name}'; the stage {kind.Name} with its "
                    + $"models has {string.Join(", ", rules.Select(known => known.Name))}.");
                continue;
            }

            var range = FormattableString.Invariant($"{rule.Minimum} to {rule.Maximum}");
            if (value.Number() is not { } number)
            {
                problems.Add($"Node '{node.Id}' sets the parameter {name} {KindOf(value)}; it must be a number of "
                    + $"{range}, a double_value or an int64_value.");
            }
            else if (!rule.Allows(number))
            {
                problems.Add(FormattableString.Invariant($"Node '{node.Id}' sets the parameter {name} to {number}; ")
                    + $"it must be {range}.");
            }
        }
    }

    private static string KindOf(Parameter parameter) => parameter.ValueCase switch
    {
        Parameter.ValueOneofCase.BoolValue => "to a bool_value",
        Parameter.ValueOneofCase.StringValue => "to a string_value",
        _ => "without a value",
    };

    private static void CheckEdges(Pipeline pipeline, List<string> problems)
    {
        var nodes = pipeline.Nodes.DistinctBy(node => node.Id).ToDictionary(node => node.Id);
        foreach (var (from, to) in Repeated(pipeline.Edges.Select(edge => (edge.FromNode, edge.ToNode))))
        {
            problems.Add($"The edge from '{from}' to '{to}' is listed more than once.");
        }

        foreach (var edge in pipeline.Edges)
        {
            foreach (var end in new[] { edge.FromNode, edge.ToNode }.Distinct().Where(end => !nodes.ContainsKey(end)))
            {
                problems.Add($"The edge from '{edge.FromNode}' to '{edge.ToNode}' names the unknown node '{end}'.");
            }

            if (nodes.TryGetValue(edge.FromNode, out var from) && nodes.TryGetValue(edge.ToNode, out var to)
                && StageKind.Find(from.Stage) is { } source && StageKind.Find(to.Stage) is { } target
                && !target.FedBy.Contains(source.Name))
            {
                problems.Add(
                    $"The edge from '{edge.FromNode}' to '{edge.ToNode}' is not allowed: {target.Name} does not use "
                    + $"the output of {source.Name}.");
            }
        }

        var cycle = PipelineGraph.FindCycle([.. nodes.Keys], Edges(pipeline));
        if (cycle.Count > 0)
        {
            problems.Add($"The edges form a cycle: {string.Join(" -> ", cycle)}.");
        }
    }

    private static void CheckEnds(Pipeline pipeline, List<string> problems)
    {
        var ids = pipeline.Nodes.Select(node => node.Id).ToHashSet();
        CheckList("entry_nodes", pipeline.EntryNodes, ids, problems);
        CheckList("output_nodes", pipeline.OutputNodes, ids, problems);
        var entries = ids.Where(id => pipeline.Edges.All(edge => edge.ToNode != id)).ToHashSet();
        if (!entries.SetEquals(pipeline.EntryNodes.Where(ids.Contains)))
        {
            problems.Add("entry_nodes must name exactly the nodes without an incoming edge: "
                + $"{string.Join(", ", entries.Order(StringComparer.Ordinal))}.");
        }

        if (pipeline.OutputNodes.Count == 0)
        {
            problems.Add("output_nodes is empty; name the nodes whose outputs are part of the result.");
            return;
        }

        var reaching = PipelineGraph.Reaching(pipeline.OutputNodes, Edges(pipeline));
        foreach (var id in ids.Where(id => !reaching.Contains(id)).Order(StringComparer.Ordinal))
        {
            problems.Add($"Node '{id}' leads to no output node, so its output would be lost.");
        }
    }

    private static void CheckList(string field, IEnumerable<string> listed, HashSet<string> ids, List<string> problems)
    {
        var list = listed.ToList();
        problems.AddRange(list.Distinct().Where(id => !ids.Contains(id))
            .Select(id => $"{field} names the unknown node '{id}'."));
        problems.AddRange(Repeated(list).Select(id => $"{field} names '{id}' more than once."));
    }

    private static void CheckTracking(Pipeline pipeline, List<string> problems)
    {
        if (pipeline.Tracking is not { } tracking)
        {
            return;
        }

        var stages = pipeline.Nodes.Where(node => pipeline.OutputNodes.Contains(node.Id))
            .Select(node => node.Stage).ToHashSet();
        if (tracking.Objects is not null && !stages.Contains(StageKind.DetectObjectsName))
        {
            problems.Add("tracking.objects needs an output node with the stage detect_objects; the pipeline has none.");
        }

        if (tracking.Texts is not null && !stages.Contains(StageKind.ReadTextName))
        {
            problems.Add("tracking.texts needs an output node with the stage read_text; the pipeline has none.");
        }

        if (tracking is { Objects: null, Texts: null, Shots: null })
        {
            problems.Add("tracking is empty; set objects, texts or shots, or leave it out.");
        }

        problems.AddRange(TrackingParameters.Mistakes(tracking));
    }

    /// <summary>The edges as pairs.</summary>
    internal static IReadOnlyList<(string From, string To)> Edges(Pipeline pipeline) =>
        [.. pipeline.Edges.Select(edge => (edge.FromNode, edge.ToNode))];

    private static IEnumerable<T> Repeated<T>(IEnumerable<T> items)
        where T : notnull => items.CountBy(item => item).Where(pair => pair.Value > 1).Select(pair => pair.Key);

    [GeneratedRegex(@"^[a-z][a-z0-9_]{0,62}\z")]
    private static partial Regex IdForm();
}

/// <summary>Algorithms on a graph of nodes and edges. Edges to unknown nodes are ignored.</summary>
internal static class PipelineGraph
{
    /// <summary>
    /// A topological order that keeps the order of the file where the edges allow it; null if the graph has
    /// a cycle.
    /// </summary>
    public static IReadOnlyList<string>? TopologicalOrder(
        IReadOnlyList<string> nodes, IReadOnlyList<(string From, string To)> edges)
    {
        var order = new List<string>();
        var remaining = new List<string>(nodes.Distinct());
        while (remaining.Count > 0)
        {
            var free = remaining.Find(node => !edges.Any(edge => edge.To == node && remaining.Contains(edge.From)));
            if (free is null)
            {
                return null;
            }

            remaining.Remove(free);
            order.Add(free);
        }

        return order;
    }

    /// <summary>
    /// One cycle as a list of nodes that starts and ends with the same node; empty if the graph has none.
    /// </summary>
    public static IReadOnlyList<string> FindCycle(
        IReadOnlyList<string> nodes, IReadOnlyList<(string From, string To)> edges)
    {
        // Removing the nodes without outgoing edges repeatedly leaves only cycles and the nodes that lead to them.
        var remaining = new List<string>(nodes.Distinct());
        while (remaining.RemoveAll(node => !edges.Any(edge => edge.From == node && remaining.Contains(edge.To))) > 0)
        {
        }

        var path = new List<string>();
        for (var node = remaining.FirstOrDefault(); node is not null;)
        {
            var seen = path.IndexOf(node);
            path.Add(node);
            if (seen >= 0)
            {
                return path[seen..];
            }

            node = edges.First(edge => edge.From == node && remaining.Contains(edge.To)).To;
        }

        return [];
    }

    /// <summary>The targets and the nodes that lead to them.</summary>
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
