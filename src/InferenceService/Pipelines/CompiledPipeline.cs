using ForegSyte.Inference.Stages;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.V1;

namespace ForegSyte.Inference.Pipelines;

/// <summary>A node that is ready to run.</summary>
/// <param name="Id">Id in the pipeline.</param>
/// <param name="Stage">The stage.</param>
/// <param name="Upstream">Positions of the upstream nodes in <see cref="CompiledPipeline.Nodes"/>.</param>
/// <param name="IsOutput">Whether its output is part of the result.</param>
internal sealed record CompiledNode(string Id, IStage Stage, IReadOnlyList<int> Upstream, bool IsOutput);

/// <summary>What the pipeline found in a frame.</summary>
/// <param name="Result">The result.</param>
/// <param name="Observations">What else is needed to follow objects and find cuts; null without tracking.</param>
internal sealed record AnalyzedFrame(FrameResult Result, FrameObservations? Observations);

/// <summary>A validated pipeline with its models loaded. Thread-safe.</summary>
internal sealed class CompiledPipeline
{
    private CompiledPipeline(Pipeline definition, IReadOnlyList<CompiledNode> nodes)
    {
        Definition = definition;
        Nodes = nodes;
        DecodeSize = DecodeSize.Of(nodes.Select(node => node.Stage.DecodeSize));
        Labels = [.. nodes.SelectMany(node => node.Stage.Labels).Distinct()];
        Tracking = PipelineTracking.Resolve(
            definition.Tracking, nodes.Where(node => node.IsOutput).Min(node => node.Stage.DetectionConfidence));
    }

    /// <summary>The definition from the pipeline's file; must not be modified.</summary>
    public Pipeline Definition { get; }

    /// <summary>The nodes in topological order.</summary>
    public IReadOnlyList<CompiledNode> Nodes { get; }

    /// <summary>Class names of the detections, in the order of the classes.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>What is followed over the frames, with the confidence of the detections; null if nothing.</summary>
    public Tracking? Tracking { get; }

    /// <summary>Number of nodes that keep a copy of the last frame that they processed.</summary>
    public int KeptFrames => Nodes.Count(node => node.Stage.ChangeThreshold > 0);

    /// <summary>The size of the frames, with a copy for each further size that a stage needs.</summary>
    public DecodeSize DecodeSize { get; }

    /// <summary>
    /// Whether a frame is interpolated: the models that detect objects do not look at it, or without such models those
    /// that read texts.
    /// </summary>
    public bool IsInterpolated(LookResult look) =>
        Labels.Count > 0 ? !look.LooksAtObjects : !look.LooksAtTexts;

    /// <summary>Creates the stages of a pipeline that <see cref="PipelineValidator"/> accepted.</summary>
    /// <param name="definition">The pipeline.</param>
    /// <param name="createStage">Creates the stage of a node.</param>
    public static CompiledPipeline Create(Pipeline definition, Func<PipelineNode, IStage> createStage)
    {
        var byId = definition.Nodes.ToDictionary(node => node.Id);
        var order = PipelineGraph.TopologicalOrder([.. byId.Keys], PipelineValidator.Edges(definition))
            ?? throw new ArgumentException("The pipeline has a cycle.", nameof(definition));
        var positions = order.Select((id, position) => (id, position))
            .ToDictionary(pair => pair.id, pair => pair.position);
        var nodes = order.Select(id => new CompiledNode(
            id,
            createStage(byId[id]),
            [.. definition.Edges.Where(edge => edge.ToNode == id).Select(edge => positions[edge.FromNode])],
            definition.OutputNodes.Contains(id)));
        return new CompiledPipeline(definition, [.. nodes]);
    }
}
