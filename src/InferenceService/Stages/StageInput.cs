using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Stages;

/// <summary>What a stage works on.</summary>
/// <param name="Frame">The frame; lent for the time of the call.</param>
/// <param name="Upstream">Outputs of the nodes that lead to this one, in the order of the pipeline's edges.</param>
internal readonly record struct StageInput(Frame Frame, IReadOnlyList<StageOutput> Upstream);
