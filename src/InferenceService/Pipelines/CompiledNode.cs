using ForegSyte.Inference.Stages;

namespace ForegSyte.Inference.Pipelines;

/// <summary>A node that is ready to run.</summary>
/// <param name="Id">Id in the pipeline.</param>
/// <param name="Stage">The work.</param>
/// <param name="Upstream">Positions, in <see cref="CompiledPipeline.Nodes"/>, of the nodes that lead to it.</param>
/// <param name="IsOutput">Whether its output is part of the result.</param>
internal sealed record CompiledNode(string Id, IStage Stage, IReadOnlyList<int> Upstream, bool IsOutput);
