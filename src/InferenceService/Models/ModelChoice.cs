using System.Text.Json;
using System.Text.Json.Serialization;

namespace ForegSyte.Inference.Models;

/// <summary>
/// A name for two forms of one model in models.json: the device of the service decides which of them runs.
/// </summary>
/// <param name="Id">Name in pipelines.</param>
/// <param name="OnCpu">Id of the entry for CPUs.</param>
/// <param name="OnGpu">Id of the entry for GPUs.</param>
internal sealed record ModelChoice(string Id, string OnCpu, string OnGpu)
{
    /// <summary>Parses an element with on_cpu, and adds every problem to <paramref name="problems"/>.</summary>
    /// <param name="element">The element.</param>
    /// <param name="index">Its place in the file, from 0.</param>
    /// <param name="problems">Receives every problem.</param>
    /// <param name="choices">Receives the choice; null if the file must have none.</param>
    public static void Parse(JsonElement element, int index, List<string> problems, List<ModelChoice>? choices)
    {
        try
        {
            var document = element.Deserialize<ModelChoiceDocument>(ModelCatalogueReader.Json)!;
            if (choices is null)
            {
                problems.Add(
                    $"Entry '{document.Id}': on_cpu is for models.json only. Name the model itself in your pipelines.");
            }
            else if (!ModelCatalogueReader.IdForm().IsMatch(document.Id ?? "")
                || document.OnCpu is null || document.OnGpu is null)
            {
                problems.Add(
                    $"Entry {index}: a choice by device needs id (a lower-case letter followed by at most 62 of a-z, "
                    + "0-9 and _), on_cpu and on_gpu.");
            }
            else
            {
                choices.Add(new ModelChoice(document.Id!, document.OnCpu, document.OnGpu));
            }
        }
        catch (JsonException failure)
        {
            problems.Add($"Entry {index}: {failure.Message}");
        }
    }

    /// <summary>Both models must exist and be forms of one model: the same family and labels.</summary>
    public void Check(List<ModelEntry> entries, List<string> problems)
    {
        var models = new List<ModelEntry>();
        foreach (var (field, id) in new[] { ("on_cpu", OnCpu), ("on_gpu", OnGpu) })
        {
            if (entries.Find(entry => entry.Id == id) is { } model)
            {
                models.Add(model);
            }
            else
            {
                problems.Add($"Entry '{Id}': {field} names '{id}', which is no model of this file.");
            }
        }

        if (models is [var first, var second]
            && (first.Family != second.Family || first.LabelsPath != second.LabelsPath))
        {
            problems.Add(
                $"Entry '{Id}': on_cpu and on_gpu must name models of one family with the same labels_file.");
        }
    }

    /// <summary>An element of models.json with on_cpu, before validation.</summary>
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    private sealed record ModelChoiceDocument
    {
        public string? Id { get; init; }

        public string? OnCpu { get; init; }

        public string? OnGpu { get; init; }
    }
}
