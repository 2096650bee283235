using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Pipelines;

/// <summary>A frame on its way through a pipeline. Whoever holds it owns the frame.</summary>
/// <param name="frame">The frame.</param>
/// <param name="nodeCount">Nodes of the pipeline.</param>
internal sealed class FrameWork(Frame frame, int nodeCount)
{
    private readonly Task<StageOutput>?[] _earlier = new Task<StageOutput>?[nodeCount];
    private readonly StageOutput?[] _earlierOutputs = new StageOutput?[nodeCount];
    private readonly TaskCompletionSource<StageOutput>?[] _promises = new TaskCompletionSource<StageOutput>?[nodeCount];

    public Frame Frame { get; } = frame;

    /// <summary>Timestamp since which it waits for its turn.</summary>
    public long QueuedAt { get; init; }

    /// <summary>Output of each node that has run, by its position.</summary>
    public StageOutput?[] Outputs { get; } = new StageOutput?[nodeCount];

    /// <summary>What a node works on; its upstream nodes have run.</summary>
    public StageInput InputOf(CompiledNode node) =>
        new(Frame, [.. node.Upstream.Select(position => Outputs[position]!)]);

    /// <summary>Makes a node take over what it gave for an earlier frame.</summary>
    public void TakeOver(int position, Task<StageOutput> earlier) => _earlier[position] = earlier;

    /// <summary>What a node gave for the earlier frame that shows the same; null where the node has to look.</summary>
    public StageOutput? EarlierOutput(int position) => _earlierOutputs[position];

    /// <summary>The output of a node once there is one; cancelled where there will be none.</summary>
    public Task<StageOutput> Promise(int position)
    {
        var promise = new TaskCompletionSource<StageOutput>(TaskCreationOptions.RunContinuationsAsynchronously);
        _promises[position] = promise;
        return promise.Task;
    }

    /// <summary>Waits for the earlier frames whose outputs are taken over.</summary>
    public async Task WaitForEarlierAsync()
    {
        for (var position = 0; position < _earlier.Length; position++)
        {
            if (_earlier[position] is { } earlier)
            {
                _earlierOutputs[position] = await earlier;
            }
        }
    }

    /// <summary>Keeps the output of a node.</summary>
    public void Complete(int position, StageOutput output)
    {
        Outputs[position] = output;
        _promises[position]?.TrySetResult(output);
    }

    /// <summary>Tells those who wait for an output that there is none. To be called at the end in any case.</summary>
    public void End()
    {
        foreach (var promise in _promises)
        {
            promise?.TrySetCanceled();
        }
    }
}
