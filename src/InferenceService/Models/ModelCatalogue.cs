using System.Collections.Frozen;

namespace ForegSyte.Inference.Models;

/// <summary>The models that pipelines can name; <see cref="ModelSessions"/> loads them.</summary>
/// <param name="entries">Entries with distinct ids.</param>
/// <param name="choices">Names for one of two entries, with other distinct ids.</param>
/// <param name="isGpu">Whether the models run on a GPU.</param>
internal sealed class ModelCatalogue(
    IEnumerable<ModelEntry> entries, IReadOnlyCollection<ModelChoice>? choices = null, bool isGpu = false)
{
    private readonly FrozenDictionary<string, ModelEntry> _byId =
        entries.ToFrozenDictionary(entry => entry.Id, StringComparer.Ordinal);

    private readonly FrozenDictionary<string, string> _chosen = (choices ?? []).ToFrozenDictionary(
        choice => choice.Id, choice => isGpu ? choice.OnGpu : choice.OnCpu, StringComparer.Ordinal);

    /// <summary>All entries, ordered by id.</summary>
    public IReadOnlyList<ModelEntry> All =>
        field ??= [.. _byId.Values.OrderBy(entry => entry.Id, StringComparer.Ordinal)];

    /// <summary>The names for one of two entries, ordered by id.</summary>
    public IReadOnlyList<ModelChoice> Choices { get; } =
        [.. (choices ?? []).OrderBy(choice => choice.Id, StringComparer.Ordinal)];

    /// <summary>All names that a pipeline can use, ordered.</summary>
    public IReadOnlyList<string> Names => [.. _byId.Keys.Concat(_chosen.Keys).Order(StringComparer.Ordinal)];

    /// <summary>
    /// The entry with this id, or the one that the choice with this id names for the device; null for an unknown id.
    /// </summary>
    public ModelEntry? Find(string id) => _byId.GetValueOrDefault(_chosen.GetValueOrDefault(id, id));

    /// <summary>The same catalogue for a device.</summary>
    /// <param name="onGpu">Whether the models run on a GPU.</param>
    public ModelCatalogue On(bool onGpu) => new(_byId.Values, Choices, onGpu);

    /// <summary>The same catalogue with further entries, which replace those of the same id.</summary>
    public ModelCatalogue With(IReadOnlyCollection<ModelEntry> added) =>
        new([.. _byId.Values.ExceptBy(added.Select(entry => entry.Id), entry => entry.Id), .. added], Choices, isGpu);
}

/// <summary>One validated entry of the model catalogue.</summary>
/// <param name="Id">Name of the model in pipelines.</param>
/// <param name="Family">Input format and output decoding.</param>
/// <param name="FilePath">Absolute path of the ONNX file.</param>
/// <param name="Sha256">SHA-256 of the file, 64 lower-case hexadecimal digits.</param>
/// <param name="License">License of the weights, an SPDX expression.</param>
/// <param name="Source">Origin of the file, for readers.</param>
/// <param name="InputWidth">Width of the input in pixels; 0 if the family accepts any.</param>
/// <param name="InputHeight">Height of the input in pixels; 0 if the family accepts any.</param>
/// <param name="LabelsPath">Absolute path of the label list; null if the family has none.</param>
/// <param name="Thresholds">The given or default value of each threshold that has one.</param>
internal sealed record ModelEntry(
    string Id, ModelFamily Family, string FilePath, string Sha256, string License, string Source, int InputWidth,
    int InputHeight, string? LabelsPath, FrozenDictionary<string, float> Thresholds)
{
    /// <summary>
    /// Minimum confidence of detections with a label, where it is higher than that of all: for labels that the model
    /// gives to other things.
    /// </summary>
    public FrozenDictionary<string, float> LabelConfidence { get; init; } = FrozenDictionary<string, float>.Empty;

    /// <summary>The rules of the family.</summary>
    public FamilyRules Rules => FamilyRules.Of(Family);

    /// <summary>The entry as a message of the contract.</summary>
    public V1.ModelInfo ToModelInfo() => new() { Id = Id, Family = Rules.Name, Sha256 = Sha256, License = License };
}

/// <summary>Reads label lists: UTF-8 text, one label per line, in the order of the model's classes.</summary>
internal static class LabelList
{
    /// <summary>Maximum size of a label list in bytes.</summary>
    public const int MaxFileBytes = 4 * 1024 * 1024;

    /// <summary>The labels of a model. They are not trimmed, because a space can be a label of a recognizer.</summary>
    /// <exception cref="ModelLoadException">The file is missing, too large, empty or has an empty line.</exception>
    public static IReadOnlyList<string> Read(ModelEntry entry)
    {
        var path = entry.LabelsPath ?? throw new ArgumentException("The entry has no labels.", nameof(entry));
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > MaxFileBytes)
        {
            throw new ModelLoadException(
                entry.Id, $"The labels file {path} does not exist or is larger than {MaxFileBytes} bytes.");
        }

        var labels = File.ReadAllLines(path);
        return labels.Length > 0 && !labels.Contains("")
            ? labels
            : throw new ModelLoadException(entry.Id, $"The labels file {path} is empty or has an empty line.");
    }
}
