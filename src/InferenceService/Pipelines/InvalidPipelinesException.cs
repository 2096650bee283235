namespace ForegSyte.Inference.Pipelines;

/// <summary>Pipelines are wrong; the message lists every problem. It stops the start of the service.</summary>
/// <param name="directory">Folder of the pipelines.</param>
/// <param name="problems">At least one problem, each a full sentence that names its file.</param>
internal sealed class InvalidPipelinesException(string directory, IReadOnlyList<string> problems)
    : Exception($"The pipelines in {directory} cannot be used:\n- {string.Join("\n- ", problems)}")
{
    /// <summary>Each problem, a full sentence.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
