using System.Numerics.Tensors;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>
/// NanoDet with one pair of outputs per stride: scores [1, cells, classes] after the sigmoid, and distances
/// [1, cells, 4 * bins] as distributions (X. Li et al., "Generalized Focal Loss", NeurIPS 2020; decoded like
/// RangiLyu/nanodet, nanodet/model/head/nanodet_head.py).
/// </summary>
internal sealed class NanoDetDecoder : IDetectionDecoder
{
    /// <summary>Input pixels per cell, for each of the three pairs of outputs.</summary>
    private static readonly int[] Strides = [8, 16, 32];

    private readonly ModelEntry _entry;
    private readonly int _classCount;
    private readonly int[] _scoreOutputs;
    private readonly int[] _distanceOutputs;

    /// <exception cref="ModelLoadException">The outputs do not match the family.</exception>
    public NanoDetDecoder(ModelSession model, int classCount)
    {
        _entry = model.Entry;
        _classCount = classCount;
        _scoreOutputs = [.. Indexes(model, sizes => sizes is [_, _, var last] && last == classCount)];
        _distanceOutputs = [.. Indexes(model, sizes => sizes is [_, _, > 4 and var last] && last % 4 == 0
            && last != classCount)];
        if (_scoreOutputs.Length != Strides.Length || _distanceOutputs.Length != Strides.Length)
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"The family nanodet has three outputs [1, N, {classCount}] with a score for each label and three "
                + $"[1, N, 4 * bins]; the file has {string.Join(", ", model.Outputs)}. Check family and labels_file.");
        }
    }

    /// <summary>
    /// BGR, normalized by the mean and deviation of ImageNet in 8-bit units (training configuration of NanoDet).
    /// </summary>
    public TensorFormat Format { get; } = TensorFormat.Normalized(
        ChannelOrder.Bgr, TensorLayout.Planar, 1, (103.53f, 116.28f, 123.675f), (57.375f, 57.12f, 58.395f));

    public ImagePlacement Placement => ImagePlacement.Stretch;

    public byte Padding => 0;

    public void Decode(
        ModelOutputs outputs, (int Width, int Height) input, float confidence, List<ScoredBox> boxes)
    {
        foreach (var stride in Strides)
        {
            var (columns, rows) = (CellsAlong(input.Width, stride), CellsAlong(input.Height, stride));
            var scores = Pick(outputs, _scoreOutputs, columns * rows);
            var distances = Pick(outputs, _distanceOutputs, columns * rows);
            DecodeLevel(scores, distances, stride, columns, rows, _classCount, confidence, boxes);
        }
    }

    /// <summary>Decodes the outputs of one stride; a cell gives one box, of its best class.</summary>
    /// <param name="scores">rows * columns * classCount scores, 0 to 1.</param>
    /// <param name="distances">rows * columns * 4 * bins values: left, top, right, bottom, before the softmax.</param>
    /// <param name="stride">Input pixels per cell.</param>
    /// <param name="columns">Cells per row.</param>
    /// <param name="rows">Rows of cells.</param>
    /// <param name="classCount">Number of classes.</param>
    /// <param name="confidence">Minimum confidence.</param>
    /// <param name="boxes">Receives the boxes in input pixels.</param>
    internal static void DecodeLevel(
        ReadOnlySpan<float> scores, ReadOnlySpan<float> distances, int stride, int columns, int rows, int classCount,
        float confidence, List<ScoredBox> boxes)
    {
        var bins = distances.Length / (columns * rows * 4);
        for (var cell = 0; cell < columns * rows; cell++)
        {
            var classScores = scores.Slice(cell * classCount, classCount);
            var classId = TensorPrimitives.IndexOfMax(classScores);
            var score = classScores[classId];
            if (!(score >= confidence))
            {
                continue;
            }

            var sides = distances.Slice(cell * 4 * bins, 4 * bins);
            var x = ((cell % columns) + 0.5f) * stride;
            var y = ((cell / columns) + 0.5f) * stride;
            boxes.Add(new ScoredBox(
                x - (Expectation(sides[..bins]) * stride),
                y - (Expectation(sides.Slice(bins, bins)) * stride),
                x + (Expectation(sides.Slice(2 * bins, bins)) * stride),
                y + (Expectation(sides.Slice(3 * bins, bins)) * stride),
                classId,
                score));
        }
    }

    /// <summary>Mean of a distribution over the bins 0, 1, 2, …, given as logits.</summary>
    internal static float Expectation(ReadOnlySpan<float> logits)
    {
        var largest = TensorPrimitives.Max(logits);
        var (sum, weighted) = (0f, 0f);
        for (var bin = 0; bin < logits.Length; bin++)
        {
            var weight = MathF.Exp(logits[bin] - largest);
            sum += weight;
            weighted += weight * bin;
        }

        return weighted / sum;
    }

    private static int CellsAlong(int pixels, int stride) => (pixels + stride - 1) / stride;

    private static IEnumerable<int> Indexes(ModelSession model, Predicate<IReadOnlyList<int>> fits) =>
        Enumerable.Range(0, model.Outputs.Count).Where(index => fits([.. model.Outputs[index].Sizes]));

    /// <summary>The output with a number of cells; the converted graph has its outputs in another order.</summary>
    private ReadOnlySpan<float> Pick(ModelOutputs outputs, int[] candidates, int cells)
    {
        foreach (var output in candidates)
        {
            if (outputs.Shape(output)[1] == cells)
            {
                return outputs.Values(output);
            }
        }

        throw new InvalidOperationException($"Model '{_entry.Id}' has no output of {cells} cells.");
    }
}
