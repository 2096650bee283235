using ForegSyte.Inference.Models;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>Turns upside-down lines of text, with PaddleOCR's classifier of 0 and 180 degrees.</summary>
internal sealed class TextDirectionClassifier
{
    private readonly ModelSession _model;
    private readonly int _linesPerBatch;
    private readonly float _threshold;

    /// <exception cref="ModelLoadException">The model is not of the family.</exception>
    public TextDirectionClassifier(
        ModelSession model, IReadOnlyDictionary<string, float> thresholds, StageOptions options)
    {
        _model = model;
        _linesPerBatch = options.TextLinesPerBatch;
        _threshold = thresholds[Thresholds.TextRotation];
        var (width, height) = (model.Entry.InputWidth, model.Entry.InputHeight);
        if (!model.Input.Takes(-1, TensorFormat.ChannelCount, height, width)
            || model.Outputs is not [var output] || !output.Takes(-1, 2))
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"The family ppocr_direction takes [-1, 3, {height}, {width}] and gives [-1, 2]; the file takes "
                + $"{model.Input} and gives {string.Join(", ", model.Outputs)}. Check family and input.");
        }
    }

    /// <summary>The lines in their order, those that stand on their head turned.</summary>
    public async ValueTask<Quad[]> TurnAsync(
        Frame frame, IReadOnlyList<Quad> lines, CancellationToken cancellationToken)
    {
        var turned = new List<Quad>(lines.Count);
        foreach (var chunk in lines.Chunk(_linesPerBatch))
        {
            using var batch = new TextLineBatch(frame, chunk, _model.Entry.InputWidth, _model.Entry.InputHeight);
            using var outputs = await batch.RunAsync(_model, 0, chunk.Length, cancellationToken);
            turned.AddRange(Turn(chunk, outputs.Values(0)));
        }

        return [.. turned];
    }

    private Quad[] Turn(Quad[] lines, ReadOnlySpan<float> values)
    {
        var turned = new Quad[lines.Length];
        for (var i = 0; i < lines.Length; i++)
        {
            turned[i] = values[(2 * i) + 1] >= _threshold ? lines[i].TurnedHalf() : lines[i];
        }

        return turned;
    }
}
