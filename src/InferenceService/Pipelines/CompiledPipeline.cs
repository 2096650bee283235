using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.V1;

namespace ForegSyte.Inference.Pipelines;

/// <summary>A validated pipeline with its models loaded. Safe for several calls at once.</summary>
internal sealed class CompiledPipeline
{
    private CompiledPipeline(Pipeline definition, IReadOnlyList<CompiledNode> nodes)
    {
        Definition = definition;
        Nodes = nodes;
        var sizes = nodes.Select(node => node.Stage.DecodeSize).Distinct().ToArray();
        DecodeSize = sizes is [var size] ? size : DecodeSize.Native;
    }

    /// <summary>The pipeline as its file has it; not to be changed.</summary>
    public Pipeline Definition { get; }

    /// <summary>The nodes, each after those that lead to it.</summary>
    public IReadOnlyList<CompiledNode> Nodes { get; }

    /// <summary>The size of the frames: a fixed one only where all stages want that one.</summary>
    public DecodeSize DecodeSize { get; }

    /// <summary>Makes the stages of a pipeline that <see cref="PipelineValidator"/> found sound.</summary>
    /// <param name="definition">The pipeline.</param>
    /// <param name="createStage">Makes the stage of a node.</param>
    public static CompiledPipeline Create(Pipeline definition, Func<PipelineNode, IStage> createStage)
    {
        var byId = definition.Nodes.ToDictionary(node => node.Id);
        var order = PipelineGraph.TopologicalOrder([.. byId.Keys], PipelineValidator.Edges(definition))
            ?? throw new ArgumentException("The pipeline has a cycle.", nameof(definition));
        var positions =
            order.Select((id, position) => (id, position)).ToDictionary(pair => pair.id, pair => pair.position);
        var nodes = order.Select(id => new CompiledNode(
            id,
            createStage(byId[id]),
            [.. definition.Edges.Where(edge => edge.To == id).Select(edge => positions[edge.From])],
            definition.OutputNodes.Contains(id)));
        return new CompiledPipeline(definition, [.. nodes]);
    }
}
