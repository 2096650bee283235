using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>
/// Pictures of text lines as one tensor [lines, 3, height, width]: each line cut out of the frame, scaled to the
/// height, set to the left and padded with zeros on the right, the way PaddleOCR's resize_norm_img does.
/// </summary>
internal sealed class TextLineBatch : IDisposable
{
    /// <summary>(v / 255 - 0.5) / 0.5; PaddleOCR reads images with OpenCV, so that the order is BGR.</summary>
    private static readonly TensorFormat Format = TensorFormat.Normalized(
        ChannelOrder.Bgr, TensorLayout.Planar, 1 / 255f, (0.5f, 0.5f, 0.5f), (0.5f, 0.5f, 0.5f));

    private readonly float[] _buffer;
    private readonly int _lineLength;
    private readonly int _height;
    private readonly int _width;

    /// <param name="frame">The frame.</param>
    /// <param name="lines">The lines, in pixels of the frame.</param>
    /// <param name="width">Width of the tensor; longer lines are squeezed into it.</param>
    /// <param name="height">Height of the tensor.</param>
    public TextLineBatch(Frame frame, IReadOnlyList<Quad> lines, int width, int height)
    {
        (_width, _height) = (width, height);
        _lineLength = TensorFormat.ChannelCount * height * width;
        Count = lines.Count;
        _buffer = BufferPool<float>.Shared.Rent(Count * _lineLength);
        _buffer.AsSpan(0, Count * _lineLength).Clear();
        var image = new RgbImage(frame.Pixels.Span, frame.Width, frame.Height);
        for (var i = 0; i < lines.Count; i++)
        {
            var lineWidth = Math.Min(WidthAt(lines[i], height), width);
            QuadSampler.Fill(
                image, lines[i], Format, _buffer.AsSpan(i * _lineLength, _lineLength), lineWidth, height, width);
        }
    }

    /// <summary>Number of lines.</summary>
    public int Count { get; }

    /// <summary>Width of a line that is scaled to a height without changing its shape, at least 1.</summary>
    public static int WidthAt(in Quad line, int height) =>
        line.Height > 0 ? (int)Math.Clamp(MathF.Ceiling(height * line.Width / line.Height), 1, 1_000_000) : 1;

    /// <summary>Runs a model on some of the lines.</summary>
    /// <param name="model">Model.</param>
    /// <param name="first">First of the lines.</param>
    /// <param name="count">How many; fewer are run where fewer are left.</param>
    /// <param name="cancellationToken">Ends the run between two operators.</param>
    public ValueTask<ModelOutputs> RunAsync(
        ModelSession model, int first, int count, CancellationToken cancellationToken)
    {
        count = Math.Min(count, Count - first);
        return model.RunAsync(
            _buffer.AsMemory(first * _lineLength, count * _lineLength),
            [count, TensorFormat.ChannelCount, _height, _width],
            cancellationToken);
    }

    /// <inheritdoc />
    public void Dispose() => BufferPool<float>.Shared.Return(_buffer);
}
