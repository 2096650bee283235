using System.Text.Json;

namespace ForegSyte.Accuracy.Running;

/// <summary>Writes the pipelines that are measured: one node each, with the thresholds of this run.</summary>
/// <param name="folder">Where to.</param>
/// <param name="thresholds">
/// Thresholds by "stage.name", such as "read_text.text_unclip", that take the place of the catalogue's.
/// </param>
internal sealed class PipelineFolder(string folder, IReadOnlyDictionary<string, double> thresholds)
{
    public void Write(
        string id, string stage, IReadOnlyDictionary<string, string> models,
        IReadOnlyDictionary<string, double> fixedThresholds)
    {
        var own = thresholds
            .Where(pair => pair.Key.StartsWith(stage + ".", StringComparison.Ordinal))
            .ToDictionary(pair => pair.Key[(stage.Length + 1)..], pair => pair.Value);
        foreach (var (name, value) in fixedThresholds)
        {
            own[name] = value;
        }

        File.WriteAllText(Path.Combine(folder, id + ".json"), JsonSerializer.Serialize(new
        {
            id,
            description = "Measures accuracy.",
            nodes = new[] { new { id = "node", stage, models, thresholds = own } },
            edges = Array.Empty<object>(),
            entry_nodes = new[] { "node" },
            output_nodes = new[] { "node" },
        }));
    }
}
