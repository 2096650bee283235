namespace ForegSyte.Inference.Models;

/// <summary>The model catalogue is wrong; the message lists every problem. It stops the start of the service.</summary>
/// <param name="path">Path of the catalogue.</param>
/// <param name="problems">At least one problem, each a full sentence.</param>
internal sealed class ModelCatalogueException(string path, IReadOnlyList<string> problems)
    : Exception($"The model catalogue {path} cannot be used:\n- {string.Join("\n- ", problems)}")
{
    /// <summary>Each problem, a full sentence.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
