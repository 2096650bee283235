using System.Numerics.Tensors;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>
/// YOLOX (Z. Ge et al., 2021) as exported by its tools/export_onnx.py: one output [1, cells, 5 + classes] over the
/// strides 8, 16 and 32, objectness and scores after the sigmoid, boxes relative to the grid
/// (yolox/utils/demo_utils.py).
/// </summary>
internal sealed class YoloXDecoder : IDetectionDecoder
{
    private static readonly int[] Strides = [8, 16, 32];

    private readonly int _classCount;

    /// <exception cref="ModelLoadException">The output does not match the family.</exception>
    public YoloXDecoder(ModelSession model, int classCount)
    {
        _classCount = classCount;
        var entry = model.Entry;
        var cells = Strides.Sum(stride => (entry.InputWidth / stride) * (entry.InputHeight / stride));
        if (model.Outputs is not [var output] || !output.Matches(1, cells, 5 + classCount))
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"The family yolox has one output [1, {cells}, {5 + classCount}] for this input size and the labels; "
                + $"the file has {string.Join(", ", model.Outputs)}. Check family, input and labels_file, and export "
                + "without --decode_in_inference.");
        }
    }

    public TensorFormat Format { get; } = TensorFormat.Scaled(ChannelOrder.Bgr, TensorLayout.Planar, 1);

    public ImagePlacement Placement => ImagePlacement.LetterboxTopLeft;

    public byte Padding => 114;

    public void Decode(
        ModelOutputs outputs, (int Width, int Height) input, float confidence, List<ScoredBox> boxes)
    {
        var values = outputs.Values(0);
        foreach (var stride in Strides)
        {
            var (columns, rows) = (input.Width / stride, input.Height / stride);
            var length = columns * rows * (5 + _classCount);
            DecodeLevel(values[..length], stride, columns, _classCount, confidence, boxes);
            values = values[length..];
        }
    }

    /// <summary>
    /// Decodes the cells of one stride: center = (value + cell) * stride, size = exp(value) * stride, confidence =
    /// objectness * score of the best class.
    /// </summary>
    /// <param name="cells">Rows of 5 + classCount values: x, y, log width, log height, objectness, scores.</param>
    /// <param name="stride">Input pixels per cell.</param>
    /// <param name="columns">Cells per row.</param>
    /// <param name="classCount">Number of classes.</param>
    /// <param name="confidence">Minimum confidence.</param>
    /// <param name="boxes">Receives the boxes in input pixels.</param>
    internal static void DecodeLevel(
        ReadOnlySpan<float> cells, int stride, int columns, int classCount, float confidence, List<ScoredBox> boxes)
    {
        var length = 5 + classCount;
        for (var cell = 0; (cell + 1) * length <= cells.Length; cell++)
        {
            var values = cells.Slice(cell * length, length);
            if (!(values[4] >= confidence))
            {
                continue;
            }

            var classId = TensorPrimitives.IndexOfMax(values[5..]);
            var score = values[4] * values[5 + classId];
            if (score >= confidence)
            {
                var (x, y) = ((values[0] + (cell % columns)) * stride, (values[1] + (cell / columns)) * stride);
                var (halfWidth, halfHeight) = (MathF.Exp(values[2]) * stride / 2, MathF.Exp(values[3]) * stride / 2);
                boxes.Add(new ScoredBox(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight, classId, score));
            }
        }
    }
}
