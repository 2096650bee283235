namespace ForegSyte.Architecture.Tests.Layers;

/// <summary>What <see cref="LayerCheck"/> found.</summary>
/// <param name="Violations">Uses that the table does not allow, and types that belong to no layer; a sentence
/// each.</param>
/// <param name="Unused">Uses that the table allows and nobody makes, for example "Storage -> Queue".</param>
/// <param name="TypeCounts">How many types each layer has.</param>
internal sealed record LayerReport(
    IReadOnlyList<string> Violations, IReadOnlyList<string> Unused, IReadOnlyDictionary<string, int> TypeCounts);
