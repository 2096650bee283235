using System.Text.RegularExpressions;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.V1;

namespace ForegSyte.Inference.Pipelines;

/// <summary>The rules of a pipeline; all that are broken are told at once.</summary>
internal static partial class PipelineValidator
{
    /// <summary>Most nodes of a pipeline.</summary>
    public const int MaxNodes = 32;

    /// <summary>Checks a pipeline against the stages and the model catalogue.</summary>
    /// <returns>Every problem, a full sentence; empty for a sound pipeline.</returns>
    public static List<string> Check(Pipeline pipeline, ModelCatalogue models)
    {
        var problems = new List<string>();
        CheckId(pipeline.Id, "the pipeline", problems);
        if (pipeline.Nodes.Count is 0 or > MaxNodes)
        {
            problems.Add($"It has {pipeline.Nodes.Count} nodes; 1 to {MaxNodes} are allowed.");
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
        return problems;
    }

    /// <summary>Whether a text may be the id of a pipeline or node.</summary>
    internal static bool IsId(string text) => IdForm().IsMatch(text);

    private static void CheckId(string id, string what, List<string> problems)
    {
        if (!IsId(id))
        {
            problems.Add(
                $"The id '{id}' of {what} has to be a lower-case letter and then at most 62 of a-z, 0-9 and _.");
        }
    }

    private static void CheckNode(PipelineNode node, ModelCatalogue models, List<string> problems)
    {
        CheckId(node.Id, "a node", problems);
        if (StageKind.Find(node.Stage) is not { } kind)
        {
            problems.Add($"Node '{node.Id}' has the unknown stage '{node.Stage}'; there are "
                + $"{string.Join(", ", StageKind.All.Select(known => known.Name))}.");
            return;
        }

        foreach (var role in kind.RequiredRoles.Keys.Where(role => !node.Models.ContainsKey(role)))
        {
            problems.Add($"Node '{node.Id}' needs a model for the role '{role}' of the stage {kind.Name}.");
        }

        var used = new List<ModelEntry>();
        foreach (var (role, modelId) in node.Models.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (CheckModel(node, kind, role, modelId, models, problems) is { } entry)
            {
                used.Add(entry);
            }
        }

        CheckThresholds(node, used, problems);
    }

    private static ModelEntry? CheckModel(
        PipelineNode node, StageKind kind, string role, string modelId, ModelCatalogue models, List<string> problems)
    {
        if (!kind.RequiredRoles.TryGetValue(role, out var wanted) && !kind.OptionalRoles.TryGetValue(role, out wanted))
        {
            var roles = kind.RequiredRoles.Keys.Concat(kind.OptionalRoles.Keys);
            problems.Add($"Node '{node.Id}' names the unknown role '{role}'; the stage {kind.Name} has "
                + $"{string.Join(", ", roles)}.");
            return null;
        }

        if (models.Find(modelId) is not { } entry)
        {
            problems.Add(
                $"Node '{node.Id}' names the model '{modelId}', which the model catalogue does not have; it has "
                + $"{string.Join(", ", models.All.Select(known => known.Id))}.");
            return null;
        }

        if (entry.Rules.Role != wanted)
        {
            var families = FamilyRules.ByName.Values.Where(rules => rules.Role == wanted).Select(rules => rules.Name);
            problems.Add($"Node '{node.Id}' gives the model '{modelId}' of the family {entry.Rules.Name} the role "
                + $"'{role}', which takes the families {string.Join(", ", families.Order(StringComparer.Ordinal))}.");
            return null;
        }

        return entry;
    }

    private static void CheckThresholds(PipelineNode node, List<ModelEntry> used, List<string> problems)
    {
        var rules = used.SelectMany(entry => entry.Rules.Thresholds).ToList();
        foreach (var (name, value) in node.Thresholds.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (rules.Find(rule => rule.Name == name) is not { } rule)
            {
                problems.Add($"Node '{node.Id}' has the unknown threshold '{name}'; its models have "
                    + $"{string.Join(", ", rules.Select(known => known.Name))}.");
            }
            else if (!rule.Allows(value))
            {
                problems.Add(FormattableString.Invariant(
                    $"Node '{node.Id}' sets the threshold {name} to {value}; ")
                    + FormattableString.Invariant($"it has to be {rule.Minimum} to {rule.Maximum}."));
            }
        }
    }

    private static void CheckEdges(Pipeline pipeline, List<string> problems)
    {
        var nodes = pipeline.Nodes.DistinctBy(node => node.Id).ToDictionary(node => node.Id);
        foreach (var (from, to) in Repeated(pipeline.Edges.Select(edge => (edge.From, edge.To))))
        {
            problems.Add($"The edge from '{from}' to '{to}' is there more than once.");
        }

        foreach (var edge in pipeline.Edges)
        {
            foreach (var end in new[] { edge.From, edge.To }.Distinct().Where(end => !nodes.ContainsKey(end)))
            {
                problems.Add($"The edge from '{edge.From}' to '{edge.To}' names the unknown node '{end}'.");
            }

            if (nodes.TryGetValue(edge.From, out var from) && nodes.TryGetValue(edge.To, out var to)
                && StageKind.Find(from.Stage) is { } source && StageKind.Find(to.Stage) is { } target
                && !target.FedBy.Contains(source.Name))
            {
                problems.Add(
                    $"The edge from '{edge.From}' to '{edge.To}' is not allowed: {target.Name} makes no use of "
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
        var entries = ids.Where(id => pipeline.Edges.All(edge => edge.To != id)).ToHashSet();
        if (!entries.SetEquals(pipeline.EntryNodes.Where(ids.Contains)))
        {
            problems.Add("entry_nodes has to name exactly the nodes that no edge leads to: "
                + $"{string.Join(", ", entries.Order(StringComparer.Ordinal))}.");
        }

        if (pipeline.OutputNodes.Count == 0)
        {
            problems.Add("output_nodes is empty; name the nodes whose output is part of the result.");
            return;
        }

        var reaching = PipelineGraph.Reaching(pipeline.OutputNodes, Edges(pipeline));
        foreach (var id in ids.Where(id => !reaching.Contains(id)).Order(StringComparer.Ordinal))
        {
            problems.Add($"Node '{id}' leads to no output node, so that its work would be lost.");
        }
    }

    private static void CheckList(string field, IEnumerable<string> listed, HashSet<string> ids, List<string> problems)
    {
        var list = listed.ToList();
        problems.AddRange(list.Distinct().Where(id => !ids.Contains(id))
            .Select(id => $"{field} names the unknown node '{id}'."));
        problems.AddRange(Repeated(list).Select(id => $"{field} names '{id}' more than once."));
    }

    /// <summary>The edges as pairs.</summary>
    internal static IReadOnlyList<(string From, string To)> Edges(Pipeline pipeline) =>
        [.. pipeline.Edges.Select(edge => (edge.From, edge.To))];

    private static IEnumerable<T> Repeated<T>(IEnumerable<T> items)
        where T : notnull => items.CountBy(item => item).Where(pair => pair.Value > 1).Select(pair => pair.Key);

    [GeneratedRegex(@"^[a-z][a-z0-9_]{0,62}\z")]
    private static partial Regex IdForm();
}
