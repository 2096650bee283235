using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Stages;

namespace ForegSyte.Inference.Pipelines;

/// <summary>
/// Finds the frames of a call that show the same as an earlier one, for the stages that then take its output over.
/// Frames are compared with the last one that the stage looked at, not with the one before: so slow changes add up and
/// are seen. To be given the frames in their order.
/// </summary>
internal sealed class UnchangedFrames(CompiledPipeline pipeline) : IDisposable
{
    private readonly Seen?[] _seen = new Seen?[pipeline.Nodes.Count];

    /// <summary>Tells a frame's work whose output it may take over, or that others may take over its own.</summary>
    public void Link(FrameWork work)
    {
        var frame = work.Frame;
        for (var position = 0; position < _seen.Length; position++)
        {
            var threshold = pipeline.Nodes[position].Stage.ChangeThreshold;
            if (threshold == 0)
            {
                continue;
            }

            if (_seen[position] is { } seen && seen.Width == frame.Width && seen.Height == frame.Height
                && SamePicture.Is(frame, seen.Pixels.AsSpan(0, frame.Pixels.Length), threshold))
            {
                work.TakeOver(position, seen.Output);
                continue;
            }

            _seen[position]?.GiveBack();
            _seen[position] = Seen.Of(work, position);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        for (var position = 0; position < _seen.Length; position++)
        {
            _seen[position]?.GiveBack();
            _seen[position] = null;
        }
    }

    private sealed record Seen(byte[] Pixels, int Width, int Height, Task<StageOutput> Output)
    {
        public static Seen Of(FrameWork work, int position)
        {
            var pixels = BufferPool<byte>.Shared.Rent(work.Frame.Pixels.Length);
            work.Frame.Pixels.Span.CopyTo(pixels);
            return new(pixels, work.Frame.Width, work.Frame.Height, work.Promise(position));
        }

        public void GiveBack() => BufferPool<byte>.Shared.Return(Pixels);
    }
}
