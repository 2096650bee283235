using ForegSyte.Inference.Models;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>
/// RT-DETR, D-FINE and other detectors with the export of RT-DETR (lyuwenyu/RT-DETR, tools/export_onnx.py): inputs
/// "images" and "orig_target_sizes", outputs "labels" [1, queries], "boxes" [1, queries, 4] as left, top, right, bottom
/// in pixels of the given size, and "scores" [1, queries]. The frame is stretched.
/// </summary>
internal sealed class RtDetrDecoder : IDetectionDecoder
{
    private readonly int _classCount;
    private readonly int _labels;
    private readonly int _boxes;
    private readonly int _scores;

    /// <exception cref="ModelLoadException">The outputs do not match the family.</exception>
    public RtDetrDecoder(ModelSession model, int classCount)
    {
        _classCount = classCount;
        _labels = IndexOf(model, "labels");
        _boxes = IndexOf(model, "boxes");
        _scores = IndexOf(model, "scores");
        if (_labels < 0 || _boxes < 0 || _scores < 0 || !model.Outputs[_labels].Matches(-1, -1)
            || !model.Outputs[_boxes].Matches(-1, -1, 4) || !model.Outputs[_scores].Matches(-1, -1))
        {
            throw new ModelLoadException(
                model.Entry.Id,
                "The family rtdetr has outputs labels [1, N], boxes [1, N, 4] and scores [1, N]; the file has "
                + $"{string.Join(", ", model.Outputs)}. Check family.");
        }
    }

    public TensorFormat Format { get; } = TensorFormat.Scaled(ChannelOrder.Rgb, TensorLayout.Planar, 1 / 255f);

    public ImagePlacement Placement => ImagePlacement.Stretch;

    public byte Padding => 0;

    public void Decode(
        ModelOutputs outputs, (int Width, int Height) input, float confidence, List<ScoredBox> boxes) => Decode(
        outputs.WholeNumbers(_labels), outputs.Values(_boxes), outputs.Values(_scores), _classCount, confidence, boxes);

    /// <summary>Decodes the queries. A class without a label is left out.</summary>
    /// <param name="labels">The class of each query.</param>
    /// <param name="corners">Left, top, right, bottom of each query, in input pixels.</param>
    /// <param name="scores">The confidence of each query.</param>
    /// <param name="classCount">Number of classes.</param>
    /// <param name="confidence">Minimum confidence.</param>
    /// <param name="boxes">Receives the boxes in input pixels.</param>
    internal static void Decode(
        ReadOnlySpan<long> labels, ReadOnlySpan<float> corners, ReadOnlySpan<float> scores, int classCount,
        float confidence, List<ScoredBox> boxes)
    {
        for (var query = 0; query < labels.Length; query++)
        {
            var classId = labels[query];
            if (scores[query] >= confidence && classId >= 0 && classId < classCount)
            {
                var box = corners.Slice(4 * query, 4);
                boxes.Add(new ScoredBox(box[0], box[1], box[2], box[3], (int)classId, scores[query]));
            }
        }
    }

    private static int IndexOf(ModelSession model, string name) =>
        Enumerable.Range(0, model.Outputs.Count)
            .Where(index => model.Outputs[index].Name == name)
            .DefaultIfEmpty(-1)
            .First();
}

/// <summary>
/// RT-DETR as exported by Ultralytics: one output [1, queries, 4 + classes] with center x, center y, width and height
/// as shares of the input, and the scores after the sigmoid (ultralytics/models/rtdetr/predict.py). The frame is
/// stretched.
/// </summary>
internal sealed class RtDetrUltralyticsDecoder : IDetectionDecoder
{
    private readonly int _classCount;

    /// <exception cref="ModelLoadException">The output does not match the family.</exception>
    public RtDetrUltralyticsDecoder(ModelSession model, int classCount)
    {
        _classCount = classCount;
        if (model.Outputs is not [var output] || !output.Matches(1, -1, 4 + classCount))
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"The family rtdetr_ultralytics has one output [1, queries, {4 + classCount}] for the labels; the file "
                + $"has {string.Join(", ", model.Outputs)}. Check family and labels_file.");
        }
    }

    public TensorFormat Format { get; } = TensorFormat.Scaled(ChannelOrder.Rgb, TensorLayout.Planar, 1 / 255f);

    public ImagePlacement Placement => ImagePlacement.Stretch;

    public byte Padding => 0;

    public void Decode(
        ModelOutputs outputs, (int Width, int Height) input, float confidence, List<ScoredBox> boxes) =>
        Decode(outputs.Values(0), input.Width, input.Height, _classCount, confidence, boxes);

    /// <summary>Decodes the queries; a query gives one detection, of its best class.</summary>
    /// <param name="values">Rows of 4 + classCount values.</param>
    /// <param name="width">Width of the input in pixels.</param>
    /// <param name="height">Height of the input in pixels.</param>
    /// <param name="classCount">Number of classes.</param>
    /// <param name="confidence">Minimum confidence.</param>
    /// <param name="boxes">Receives the boxes in input pixels.</param>
    internal static void Decode(
        ReadOnlySpan<float> values, int width, int height, int classCount, float confidence, List<ScoredBox> boxes)
    {
        for (; values.Length > 0; values = values[(4 + classCount)..])
        {
            var (classId, score) = (0, float.NegativeInfinity);
            for (var candidate = 0; candidate < classCount; candidate++)
            {
                var value = values[4 + candidate];
                (classId, score) = value > score ? (candidate, value) : (classId, score);
            }

            if (score >= confidence)
            {
                var (x, y) = (values[0] * width, values[1] * height);
                var (halfWidth, halfHeight) = (values[2] * width / 2, values[3] * height / 2);
                boxes.Add(new ScoredBox(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight, classId, score));
            }
        }
    }
}
