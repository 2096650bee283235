using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Pipelines;

/// <summary>A frame on its way through a pipeline. Whoever holds it owns the frame.</summary>
/// <param name="frame">The frame.</param>
/// <param name="nodeCount">Nodes of the pipeline.</param>
internal sealed class FrameWork(Frame frame, int nodeCount)
{
    public Frame Frame { get; } = frame;

    /// <summary>Timestamp since which it waits for the next stage.</summary>
    public long QueuedAt { get; set; }

    /// <summary>Output of each node that has run, by its position.</summary>
    public StageOutput?[] Outputs { get; } = new StageOutput?[nodeCount];

    /// <summary>What a node works on; its upstream nodes have run.</summary>
    public StageInput InputOf(CompiledNode node) =>
        new(Frame, [.. node.Upstream.Select(position => Outputs[position]!)]);
}
