namespace ForegSyte.Inference.Models;

/// <summary>
/// A model of the catalogue cannot be loaded or does not fit its family. It stops the start of the service.
/// </summary>
/// <param name="modelId">Id of the model in the catalogue.</param>
/// <param name="problem">What is wrong and what to do, in full sentences.</param>
/// <param name="innerException">Cause.</param>
internal sealed class ModelLoadException(string modelId, string problem, Exception? innerException = null)
    : Exception($"Model '{modelId}' cannot be used: {problem}", innerException)
{
    /// <summary>Id of the model in the catalogue.</summary>
    public string ModelId { get; } = modelId;
}
