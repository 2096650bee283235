using System.Collections.Frozen;
using ForegSyte.Inference.V1;
using ForegSyte.V1;

namespace ForegSyte.Inference.Pipelines;

/// <summary>The pipelines of this service: validated, compiled, with their models loaded.</summary>
/// <param name="pipelines">Pipelines with distinct ids.</param>
/// <param name="models">The models that they use, ordered by id.</param>
internal sealed class PipelineCatalogue(IEnumerable<CompiledPipeline> pipelines, IReadOnlyList<ModelInfo> models)
{
    private readonly FrozenDictionary<string, CompiledPipeline> _byId =
        pipelines.ToFrozenDictionary(pipeline => pipeline.Definition.Id, StringComparer.Ordinal);

    /// <summary>All pipelines, ordered by id.</summary>
    public IReadOnlyList<CompiledPipeline> Compiled =>
        field ??= [.. _byId.Values.OrderBy(pipeline => pipeline.Definition.Id, StringComparer.Ordinal)];

    /// <summary>All pipeline definitions, ordered by id; must not be modified.</summary>
    public IReadOnlyList<Pipeline> All => field ??= [.. Compiled.Select(pipeline => pipeline.Definition)];

    /// <summary>The loaded models, ordered by id.</summary>
    public IReadOnlyList<ModelInfo> Models { get; } = models;

    /// <summary>The pipeline with an id, or null.</summary>
    public CompiledPipeline? Find(string id) => _byId.GetValueOrDefault(id);
}
