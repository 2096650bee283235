using ForegSyte.Inference.Models;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>
/// Finds lines that are probably upside down, with PaddleOCR's classifier of 0 and 180 degrees. It takes some upright
/// lines for that, so the caller recognizes both directions and compares them.
/// </summary>
internal sealed class TextDirectionClassifier
{
    private readonly ModelSession _model;
    private readonly int _linesPerBatch;
    private readonly float _threshold;

    /// <exception cref="ModelLoadException">The model does not match its family.</exception>
    public TextDirectionClassifier(
        ModelSession model, IReadOnlyDictionary<string, float> thresholds, StageOptions options)
    {
        _model = model;
        _linesPerBatch = options.TextLinesPerBatch;
        _threshold = thresholds[Thresholds.TextRotation];
        var (width, height) = (model.Entry.InputWidth, model.Entry.InputHeight);
        if (!model.Input.Matches(-1, TensorFormat.ChannelCount, height, width)
            || model.Outputs is not [var output] || !output.Matches(-1, 2))
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"The family ppocr_direction has the input [-1, 3, {height}, {width}] and the output [-1, 2]; the file "
                + $"has {model.Input} and {string.Join(", ", model.Outputs)}. Check family and input.");
        }
    }

    /// <summary>The indexes of the lines whose probability of being upside down reaches the threshold.</summary>
    public async ValueTask<List<int>> FindUpsideDownAsync(
        Frame frame, IReadOnlyList<Quad> lines, CancellationToken cancellationToken)
    {
        var found = new List<int>();
        foreach (var chunk in lines.Index().Chunk(_linesPerBatch))
        {
            using var batch = new TextLineBatch(
                frame, [.. chunk.Select(line => line.Item)], _model.Entry.InputWidth, _model.Entry.InputHeight);
            using var outputs = await batch.RunAsync(_model, 0, chunk.Length, cancellationToken);
            found.AddRange(UpsideDown(outputs.Values(0), _threshold).Select(position => chunk[position].Index));
        }

        return found;
    }

    /// <summary>The positions of the lines whose probability of being upside down reaches a threshold.</summary>
    /// <param name="probabilities">[lines, 2]: upright, upside down.</param>
    /// <param name="threshold">0 to 1.</param>
    internal static List<int> UpsideDown(ReadOnlySpan<float> probabilities, float threshold)
    {
        var found = new List<int>();
        for (var line = 0; 2 * line < probabilities.Length; line++)
        {
            if (probabilities[(2 * line) + 1] >= threshold)
            {
                found.Add(line);
            }
        }

        return found;
    }
}
