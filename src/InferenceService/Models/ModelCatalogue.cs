using System.Collections.Frozen;

namespace ForegSyte.Inference.Models;

/// <summary>The models that pipelines may name. Nothing is loaded for it: see <see cref="ModelSessions"/>.</summary>
/// <param name="entries">Entries with distinct ids.</param>
internal sealed class ModelCatalogue(IEnumerable<ModelEntry> entries)
{
    private readonly FrozenDictionary<string, ModelEntry> _byId =
        entries.ToFrozenDictionary(entry => entry.Id, StringComparer.Ordinal);

    /// <summary>All entries, ordered by id.</summary>
    public IReadOnlyList<ModelEntry> All =>
        field ??= [.. _byId.Values.OrderBy(entry => entry.Id, StringComparer.Ordinal)];

    /// <summary>The entry with an id, or null.</summary>
    public ModelEntry? Find(string id) => _byId.GetValueOrDefault(id);
}
