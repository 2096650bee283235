using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Pipelines;

/// <summary>One frame in a pipeline with the outputs of its nodes. The holder owns the frame.</summary>
/// <param name="frame">The frame.</param>
/// <param name="nodeCount">Number of nodes.</param>
/// <param name="filter">Which findings are wanted; null for all.</param>
internal sealed class FrameTask(Frame frame, int nodeCount, FrameFilter? filter = null)
{
    private readonly Task<StageOutput>?[] _earlier = new Task<StageOutput>?[nodeCount];
    private readonly StageOutput?[] _earlierOutputs = new StageOutput?[nodeCount];
    private readonly TaskCompletionSource<StageOutput>?[] _promises = new TaskCompletionSource<StageOutput>?[nodeCount];

    public Frame Frame { get; } = frame;

    /// <summary>Timestamp at which the frame was queued.</summary>
    public long QueuedAt { get; init; }

    /// <summary>Whether the models look at the frame; null if they look at all frames.</summary>
    public FrameLook? Look { get; init; }

    /// <summary>Outputs of the nodes by position; null for nodes that have not run.</summary>
    public StageOutput?[] Outputs { get; } = new StageOutput?[nodeCount];

    /// <summary>Input of a node whose upstream nodes have run.</summary>
    public StageInput InputOf(CompiledNode node) =>
        new(Frame, [.. node.Upstream.Select(position => Outputs[position]!)], filter);

    /// <summary>Makes a node reuse its output for an earlier frame.</summary>
    public void ReuseEarlier(int position, Task<StageOutput> earlier) => _earlier[position] = earlier;

    /// <summary>The output for the earlier frame that a node reuses; null if the node must run.</summary>
    public StageOutput? EarlierOutput(int position) => _earlierOutputs[position];

    /// <summary>The future output of a node; canceled if the node does not complete.</summary>
    public Task<StageOutput> Promise(int position)
    {
        var promise = new TaskCompletionSource<StageOutput>(TaskCreationOptions.RunContinuationsAsynchronously);
        _promises[position] = promise;
        return promise.Task;
    }

    /// <summary>Waits for what earlier frames must find first.</summary>
    public async Task WaitForEarlierAsync()
    {
        for (var position = 0; position < _earlier.Length; position++)
        {
            if (_earlier[position] is { } earlier)
            {
                _earlierOutputs[position] = await earlier;
            }
        }

        if (Look?.Before is { } before)
        {
            await before;
        }
    }

    /// <summary>Stores the output of a node.</summary>
    public void Complete(int position, StageOutput output)
    {
        Outputs[position] = output;
        _promises[position]?.TrySetResult(output);
    }

    /// <summary>Cancels the promises that are not kept. Must be called for every task.</summary>
    public void End()
    {
        foreach (var promise in _promises)
        {
            promise?.TrySetCanceled();
        }

        Look?.End();
    }
}

/// <summary>
/// Finds frames that look like an earlier frame of the call, for stages that then reuse its output. A frame is compared
/// with the last frame that the stage processed, not with the previous frame, so that slow changes add up. Frames must
/// come in order.
/// </summary>
internal sealed class UnchangedFrames(CompiledPipeline pipeline) : IDisposable
{
    private readonly ProcessedFrame?[] _processed = new ProcessedFrame?[pipeline.Nodes.Count];

    /// <summary>
    /// For each node, either links the frame to an earlier one whose output it reuses, or keeps it for later frames.
    /// </summary>
    public void Link(FrameTask task)
    {
        for (var position = 0; position < _processed.Length; position++)
        {
            var threshold = pipeline.Nodes[position].Stage.ChangeThreshold;
            if (threshold == 0)
            {
                continue;
            }

            if (_processed[position] is { } earlier && earlier.LooksLike(task.Frame, threshold))
            {
                task.ReuseEarlier(position, earlier.Output);
                continue;
            }

            _processed[position]?.ReturnPixels();
            _processed[position] = ProcessedFrame.Of(task, position);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        for (var position = 0; position < _processed.Length; position++)
        {
            _processed[position]?.ReturnPixels();
            _processed[position] = null;
        }
    }

    private sealed record ProcessedFrame(PixelBuffer Pixels, int Width, int Height, Task<StageOutput> Output)
    {
        public static ProcessedFrame Of(FrameTask task, int position)
        {
            var image = task.Frame.Image;
            var pixels = new PixelBuffer(image.Width * image.Height * RgbImage.BytesPerPixel);
            image.CopyTo(pixels.GetSpan());
            return new(pixels, task.Frame.Width, task.Frame.Height, task.Promise(position));
        }

        public bool LooksLike(Frame frame, int threshold) =>
            Width == frame.Width && Height == frame.Height && !FrameChange.Exceeds(
                frame.Image,
                new RgbImage(Pixels.GetSpan(), Width, Height),
                threshold);

        public void ReturnPixels() => Pixels.Free();
    }
}
