using ForegSyte.Inference.Models;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>
/// YOLOv8, YOLO11 and other detectors that Ultralytics exports without suppression (format=onnx, nms=False): one output
/// [1, 4 + classes, boxes] with center x, center y, width and height in input pixels and the scores after the sigmoid,
/// without objectness.
/// </summary>
internal sealed class YoloV8Decoder : IDetectionDecoder
{
    private readonly int _classCount;

    /// <exception cref="ModelLoadException">The output does not match the family.</exception>
    public YoloV8Decoder(ModelSession model, int classCount)
    {
        _classCount = classCount;
        if (model.Outputs is not [var output] || !output.Matches(1, 4 + classCount, -1))
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"The family yolov8 has one output [1, {4 + classCount}, boxes] for the labels; the file has "
                + $"{string.Join(", ", model.Outputs)}. Check family and labels_file, and export with nms=False.");
        }
    }

    public TensorFormat Format { get; } = TensorFormat.Scaled(ChannelOrder.Rgb, TensorLayout.Planar, 1 / 255f);

    public ImagePlacement Placement => ImagePlacement.LetterboxCenter;

    public byte Padding => 114;

    public void Decode(
        ModelOutputs outputs, (int Width, int Height) input, float confidence, List<ScoredBox> boxes) =>
        Decode(outputs.Values(0), _classCount, confidence, boxes);

    /// <summary>Decodes the boxes; a box gives one detection, of its best class.</summary>
    /// <param name="values">(4 + classCount) rows of one value per box.</param>
    /// <param name="classCount">Number of classes.</param>
    /// <param name="confidence">Minimum confidence.</param>
    /// <param name="boxes">Receives the boxes in input pixels.</param>
    internal static void Decode(ReadOnlySpan<float> values, int classCount, float confidence, List<ScoredBox> boxes)
    {
        var count = values.Length / (4 + classCount);
        for (var box = 0; box < count; box++)
        {
            var (classId, score) = (0, float.NegativeInfinity);
            for (var candidate = 0; candidate < classCount; candidate++)
            {
                var value = values[((4 + candidate) * count) + box];
                (classId, score) = value > score ? (candidate, value) : (classId, score);
            }

            if (score >= confidence)
            {
                var (x, y) = (values[box], values[count + box]);
                var (halfWidth, halfHeight) = (values[(2 * count) + box] / 2, values[(3 * count) + box] / 2);
                boxes.Add(new ScoredBox(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight, classId, score));
            }
        }
    }
}
