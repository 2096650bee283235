using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>A recognized line of text.</summary>
/// <param name="Quad">Its position in pixels of the frame.</param>
/// <param name="Reading">Its characters; can be empty.</param>
internal sealed record RecognizedLine(Quad Quad, LineReading Reading);

/// <summary>
/// Recognizes lines of text with a CTC network. Lines of similar width are padded to the same width. Lines longer than
/// the maximum are recognized in overlapping windows, which <see cref="WindowStitching"/> joins.
/// </summary>
internal sealed class TextRecognizer
{
    /// <summary>
    /// Minimum input width at height 48: PaddleOCR trained the recognizer at (3, 48, 320).
    /// </summary>
    public const int MinimumWidth = 320;

    /// <summary>Input widths are rounded up to a multiple of this, so that ONNX Runtime sees few shapes.</summary>
    public const int WidthStep = 32;

    private readonly ModelSession _model;
    private readonly string[] _alphabet;
    private readonly int _linesPerBatch;
    private readonly int _linesPerRun;
    private readonly int _maxWidth;
    private readonly int _maxWindows;

    /// <exception cref="ModelLoadException">The model does not match its family or its label list.</exception>
    public TextRecognizer(ModelSession model, StageOptions options)
    {
        _model = model;
        _linesPerBatch = options.TextLinesPerBatch;
        _linesPerRun = options.TextLinesPerRun > 0 ? options.TextLinesPerRun
            : model.IsBatched ? options.TextLinesPerBatch : 1;
        _maxWidth = options.TextLineMaxWidth;
        _maxWindows = options.TextLineMaxWindows;
        _alphabet = ["", .. LabelList.Read(model.Entry), " "];
        var height = model.Entry.InputHeight;
        if (!model.Input.Matches(-1, TensorFormat.ChannelCount, height, -1)
            || model.Outputs is not [var output] || !output.Matches(-1, -1, _alphabet.Length))
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"The family ppocr_recognition has the input [-1, 3, {height}, -1] and the output "
                + $"[-1, -1, {_alphabet.Length}]: a blank, {_alphabet.Length - 2} labels, a space. The file has "
                + $"{model.Input} and {string.Join(", ", model.Outputs)}. Check family, input and labels_file.");
        }
    }

    /// <summary>Recognizes lines.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="lines">The lines, in pixels of the frame.</param>
    /// <param name="cancellationToken">Cancels between two operators.</param>
    /// <returns>One result per line, in the same order.</returns>
    public async ValueTask<RecognizedLine[]> RecognizeAsync(
        Frame frame, IReadOnlyList<Quad> lines, CancellationToken cancellationToken)
    {
        var height = _model.Entry.InputHeight;
        var recognized = new RecognizedLine[lines.Count];
        var byWidth = Enumerable.Range(0, lines.Count)
            .OrderBy(index => TextLineBatch.WidthAt(lines[index], height))
            .ThenBy(index => index)
            .ToLookup(index => TextLineBatch.WidthAt(lines[index], height) > _maxWidth);
        foreach (var index in byWidth[true])
        {
            recognized[index] = await RecognizeLongAsync(frame, lines[index], cancellationToken);
        }

        foreach (var indexes in byWidth[false].Chunk(_linesPerBatch))
        {
            var widest = TextLineBatch.WidthAt(lines[indexes[^1]], height);
            using var batch = new TextLineBatch(
                frame, [.. indexes.Select(index => lines[index])], TensorWidth(widest, _maxWidth), height);
            for (var first = 0; first < batch.Count; first += _linesPerRun)
            {
                using var outputs = await batch.RunAsync(_model, first, _linesPerRun, cancellationToken);
                var count = Math.Min(_linesPerRun, batch.Count - first);
                Decode(outputs.Values(0), indexes.AsSpan(first, count), lines, recognized);
            }
        }

        return recognized;
    }

    /// <summary>Width of the input for lines of a width, in pixels.</summary>
    internal static int TensorWidth(int lineWidth, int maxWidth) =>
        Math.Clamp((lineWidth + WidthStep - 1) / WidthStep * WidthStep, MinimumWidth, maxWidth);

    private async ValueTask<RecognizedLine> RecognizeLongAsync(
        Frame frame, Quad line, CancellationToken cancellationToken)
    {
        var height = _model.Entry.InputHeight;
        var windows = WindowStitching.Windows(TextLineBatch.WidthAt(line, height), _maxWidth, _maxWindows);
        var stitching = new WindowStitching(_alphabet.Length);
        foreach (var (left, right) in windows.Ranges)
        {
            var part = line.Part((float)left / windows.LineWidth, (float)right / windows.LineWidth);
            using var batch = new TextLineBatch(frame, [part], TensorWidth(right - left, _maxWidth), height);
            using var outputs = await batch.RunAsync(_model, 0, 1, cancellationToken);
            stitching.Add(outputs.Values(0), left, right);
        }

        var reading = CtcDecoder.Decode(stitching.Probabilities, _alphabet, findsSpaces: true);
        return new RecognizedLine(line, ZeroOrO.Decide(reading));
    }

    private void Decode(
        ReadOnlySpan<float> values, ReadOnlySpan<int> indexes, IReadOnlyList<Quad> lines, RecognizedLine[] recognized)
    {
        var length = values.Length / indexes.Length;
        for (var i = 0; i < indexes.Length; i++)
        {
            var reading = CtcDecoder.Decode(values.Slice(i * length, length), _alphabet, findsSpaces: true);
            recognized[indexes[i]] = new RecognizedLine(lines[indexes[i]], ZeroOrO.Decide(reading));
        }
    }
}

/// <summary>
/// Images of text lines as one tensor [lines, 3, height, width]: each line is cut out of the frame, scaled to the
/// height, left-aligned and padded with zeros on the right (PaddleOCR, resize_norm_img).
/// </summary>
internal sealed class TextLineBatch : IDisposable
{
    /// <summary>(v / 255 - 0.5) / 0.5 in BGR order, because PaddleOCR reads images with OpenCV.</summary>
    private static readonly TensorFormat Format = TensorFormat.Normalized(
        ChannelOrder.Bgr, TensorLayout.Planar, 1 / 255f, (0.5f, 0.5f, 0.5f), (0.5f, 0.5f, 0.5f));

    private readonly float[] _buffer;
    private readonly int _lineLength;
    private readonly int _height;
    private readonly int _width;

    /// <param name="frame">The frame.</param>
    /// <param name="lines">The lines, in pixels of the frame.</param>
    /// <param name="width">Width of the tensor; longer lines are compressed to it.</param>
    /// <param name="height">Height of the tensor.</param>
    public TextLineBatch(Frame frame, IReadOnlyList<Quad> lines, int width, int height)
    {
        (_width, _height) = (width, height);
        _lineLength = TensorFormat.ChannelCount * height * width;
        Count = lines.Count;
        _buffer = BufferPool<float>.Shared.Rent(Count * _lineLength);
        _buffer.AsSpan(0, Count * _lineLength).Clear();
        var image = frame.Image;
        for (var i = 0; i < lines.Count; i++)
        {
            var lineWidth = Math.Min(WidthAt(lines[i], height), width);
            QuadSampler.Fill(
                image, lines[i], Format, _buffer.AsSpan(i * _lineLength, _lineLength), lineWidth, height, width);
        }
    }

    /// <summary>Number of lines.</summary>
    public int Count { get; }

    /// <summary>Width of a line after scaling it to a height with its aspect ratio, at least 1.</summary>
    public static int WidthAt(in Quad line, int height) =>
        line.Height > 0 ? (int)Math.Clamp(MathF.Ceiling(height * line.Width / line.Height), 1, 1_000_000) : 1;

    /// <summary>Runs a model on some of the lines.</summary>
    /// <param name="model">The model.</param>
    /// <param name="first">Index of the first line.</param>
    /// <param name="count">Maximum number of lines.</param>
    /// <param name="cancellationToken">Cancels between two operators.</param>
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
