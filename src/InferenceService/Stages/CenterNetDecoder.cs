using System.Numerics.Tensors;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>
/// CenterNet (X. Zhou et al., "Objects as Points", 2019): an object is a peak of the heat map of its class
/// [1, rows, columns, classes]; the cell of the peak gives the distances to its sides [1, rows, columns, 4] in input
/// pixels.
/// </summary>
internal sealed class CenterNetDecoder : IDetectionDecoder
{
    private readonly int _classCount;
    private readonly int _heatOutput;
    private readonly int _distanceOutput;

    /// <exception cref="ModelLoadException">The outputs do not match the family.</exception>
    public CenterNetDecoder(ModelSession model, int classCount)
    {
        _classCount = classCount;
        _heatOutput = IndexOf(model, classCount);
        _distanceOutput = IndexOf(model, 4);
        if (_heatOutput < 0 || _distanceOutput < 0 || _heatOutput == _distanceOutput)
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"The family centernet has outputs [1, rows, columns, {classCount}] with a score for each label and "
                + $"[1, rows, columns, 4]; the file has {string.Join(", ", model.Outputs)}. "
                + "Check family and labels_file.");
        }
    }

    public TensorFormat Format { get; } = TensorFormat.Scaled(ChannelOrder.Rgb, TensorLayout.Interleaved, 1);

    public ImagePlacement Placement => ImagePlacement.Stretch;

    public byte Padding => 0;

    public void Decode(
        ModelOutputs outputs, (int Width, int Height) input, float confidence, List<ScoredBox> boxes)
    {
        var shape = outputs.Shape(_heatOutput);
        var (rows, columns) = ((int)shape[1], (int)shape[2]);
        Decode(
            outputs.Values(_heatOutput), outputs.Values(_distanceOutput), columns, rows, _classCount,
            (float)input.Width / columns, (float)input.Height / rows, confidence, boxes);
    }

    /// <summary>Decodes the peaks: scores that no neighbor in a 3x3 window of the same class exceeds.</summary>
    /// <param name="heat">rows * columns * classCount scores, 0 to 1.</param>
    /// <param name="distances">rows * columns * 4 values: left, top, right, bottom, in input pixels.</param>
    /// <param name="columns">Cells per row.</param>
    /// <param name="rows">Rows of cells.</param>
    /// <param name="classCount">Number of classes.</param>
    /// <param name="cellWidth">Width of a cell in input pixels.</param>
    /// <param name="cellHeight">Height of a cell in input pixels.</param>
    /// <param name="confidence">Minimum confidence.</param>
    /// <param name="boxes">Receives the boxes in input pixels.</param>
    internal static void Decode(
        ReadOnlySpan<float> heat, ReadOnlySpan<float> distances, int columns, int rows, int classCount,
        float cellWidth, float cellHeight, float confidence, List<ScoredBox> boxes)
    {
        for (var cell = 0; cell < columns * rows; cell++)
        {
            var scores = heat.Slice(cell * classCount, classCount);
            var classId = TensorPrimitives.IndexOfMax(scores);
            var score = scores[classId];
            var (column, row) = (cell % columns, cell / columns);
            if (!(score >= confidence) || !IsPeak(heat, column, row, columns, rows, classCount, classId, score))
            {
                continue;
            }

            var sides = distances.Slice(cell * 4, 4);
            var (x, y) = (column * cellWidth, row * cellHeight);
            boxes.Add(new ScoredBox(
                x - Math.Max(sides[0], 0), y - Math.Max(sides[1], 0), x + Math.Max(sides[2], 0),
                y + Math.Max(sides[3], 0), classId, score));
        }
    }

    private static bool IsPeak(
        ReadOnlySpan<float> heat, int column, int row, int columns, int rows, int classCount, int classId, float score)
    {
        for (var y = Math.Max(row - 1, 0); y <= Math.Min(row + 1, rows - 1); y++)
        {
            for (var x = Math.Max(column - 1, 0); x <= Math.Min(column + 1, columns - 1); x++)
            {
                if (heat[(((y * columns) + x) * classCount) + classId] > score)
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static int IndexOf(ModelSession model, int last) =>
        Enumerable.Range(0, model.Outputs.Count)
            .Where(index => model.Outputs[index].Matches(1, -1, -1, last))
            .DefaultIfEmpty(-1)
            .First();
}
