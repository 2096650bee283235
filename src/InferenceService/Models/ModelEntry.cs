using System.Collections.Frozen;

namespace ForegSyte.Inference.Models;

/// <summary>One validated entry of the model catalogue.</summary>
/// <param name="Id">Name by which pipelines ask for the model.</param>
/// <param name="Family">How its input is made and its output read.</param>
/// <param name="FilePath">Absolute path of the ONNX file.</param>
/// <param name="Sha256">SHA-256 of the file, 64 lower-case hexadecimal digits.</param>
/// <param name="License">Licence of the weights, an SPDX expression.</param>
/// <param name="Source">Where the file comes from, for people.</param>
/// <param name="InputWidth">Width of the input in pixels; 0 where the family takes any.</param>
/// <param name="InputHeight">Height of the input in pixels; 0 where the family takes any.</param>
/// <param name="LabelsPath">Absolute path of the label list; null where the family has none.</param>
/// <param name="Thresholds">A value for every threshold of the family that has a default or was given one.</param>
internal sealed record ModelEntry(
    string Id, ModelFamily Family, string FilePath, string Sha256, string License, string Source, int InputWidth,
    int InputHeight, string? LabelsPath, FrozenDictionary<string, float> Thresholds)
{
    /// <summary>What the family is called and knows.</summary>
    public FamilyRules Rules => FamilyRules.Of(Family);

    /// <summary>The entry as the contracts tell it.</summary>
    public V1.ModelInfo ToModelInfo() => new() { Id = Id, Family = Rules.Name, Sha256 = Sha256, License = License };
}
