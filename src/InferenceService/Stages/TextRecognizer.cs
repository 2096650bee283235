using ForegSyte.Inference.Models;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>Reads lines of text with a CTC network; lines of like width are padded alike.</summary>
internal sealed class TextRecognizer
{
    /// <summary>
    /// Least width of the input at height 48, the shape that PaddleOCR's recogniser was trained at (3, 48, 320).
    /// </summary>
    public const int MinimumWidth = 320;

    /// <summary>Widths are rounded up to this, so that ONNX Runtime meets few different shapes.</summary>
    public const int WidthStep = 32;

    private readonly ModelSession _model;
    private readonly string[] _alphabet;
    private readonly int _linesPerBatch;
    private readonly int _linesPerRun;
    private readonly int _maxWidth;

    /// <exception cref="ModelLoadException">The model is not of the family or has another alphabet.</exception>
    public TextRecognizer(ModelSession model, StageOptions options)
    {
        _model = model;
        _linesPerBatch = options.TextLinesPerBatch;
        _linesPerRun = options.TextLinesPerRun > 0 ? options.TextLinesPerRun
            : model.GainsByBatches ? options.TextLinesPerBatch : 1;
        _maxWidth = options.TextLineMaxWidth;
        _alphabet = ["", .. LabelList.Read(model.Entry), " "];
        var height = model.Entry.InputHeight;
        if (!model.Input.Takes(-1, TensorFormat.ChannelCount, height, -1)
            || model.Outputs is not [var output] || !output.Takes(-1, -1, _alphabet.Length))
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"The family ppocr_recognition takes [-1, 3, {height}, -1] and gives [-1, -1, {_alphabet.Length}]: a "
                + $"blank, {_alphabet.Length - 2} labels, a space. The file takes {model.Input} and gives "
                + $"{string.Join(", ", model.Outputs)}. Check family, input and labels_file.");
        }
    }

    /// <summary>Reads lines.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="lines">The lines, in pixels of the frame.</param>
    /// <param name="cancellationToken">Ends the work between two operators.</param>
    /// <returns>As many as the lines, in their order.</returns>
    public async ValueTask<ReadLine[]> ReadAsync(
        Frame frame, IReadOnlyList<Quad> lines, CancellationToken cancellationToken)
    {
        var height = _model.Entry.InputHeight;
        var read = new ReadLine[lines.Count];
        var byWidth = Enumerable.Range(0, lines.Count)
            .OrderBy(index => TextLineBatch.WidthAt(lines[index], height))
            .ThenBy(index => index);
        foreach (var indexes in byWidth.Chunk(_linesPerBatch))
        {
            var widest = TextLineBatch.WidthAt(lines[indexes[^1]], height);
            using var batch = new TextLineBatch(
                frame, [.. indexes.Select(index => lines[index])], TensorWidth(widest, _maxWidth), height);
            for (var first = 0; first < batch.Count; first += _linesPerRun)
            {
                using var outputs = await batch.RunAsync(_model, first, _linesPerRun, cancellationToken);
                var count = Math.Min(_linesPerRun, batch.Count - first);
                Decode(outputs.Values(0), indexes.AsSpan(first, count), lines, read);
            }
        }

        return read;
    }

    private void Decode(
        ReadOnlySpan<float> values, ReadOnlySpan<int> indexes, IReadOnlyList<Quad> lines, ReadLine[] read)
    {
        var length = values.Length / indexes.Length;
        for (var i = 0; i < indexes.Length; i++)
        {
            var (text, confidence) = CtcDecoder.Decode(values.Slice(i * length, length), _alphabet);
            read[indexes[i]] = new ReadLine(lines[indexes[i]], text, confidence);
        }
    }

    /// <summary>Width of the input for lines of this width.</summary>
    internal static int TensorWidth(int lineWidth, int maxWidth) =>
        Math.Clamp((lineWidth + WidthStep - 1) / WidthStep * WidthStep, MinimumWidth, maxWidth);
}
