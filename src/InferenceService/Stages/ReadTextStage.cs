using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;
using ForegSyte.V1;

namespace ForegSyte.Inference.Stages;

/// <summary>
/// Reads the text of the whole frame: detects lines, rotates upside-down lines if the pipeline has a direction model,
/// recognizes the lines at native resolution and links each line to the upstream detection around it.
/// </summary>
/// <param name="detector">Detects the lines.</param>
/// <param name="direction">Rotates upside-down lines; null if the pipeline has no direction model.</param>
/// <param name="recognizer">Recognizes the lines.</param>
/// <param name="confidence">Lines below this are dropped, 0 to 1.</param>
/// <param name="changeThreshold">See <see cref="IStage.ChangeThreshold"/>.</param>
internal sealed class ReadTextStage(
    TextDetector detector, TextDirectionClassifier? direction, TextRecognizer recognizer, float confidence,
    int changeThreshold) : IStage
{
    /// <summary>A line at least this many times taller than wide is read top to bottom (PaddleOCR).</summary>
    public const float VerticalAspect = 1.5f;

    /// <summary>The native size: small text needs every pixel.</summary>
    public DecodeSize DecodeSize => DecodeSize.Native;

    public int ChangeThreshold => changeThreshold;

    public async ValueTask<StageOutput> ProcessAsync(StageInput input, CancellationToken cancellationToken)
    {
        var frame = input.Frame;
        var boxes = await detector.FindAsync(frame, cancellationToken);
        Quad[] quads = [.. boxes.Select(box => Upright(box.Quad))];
        if (direction is not null)
        {
            quads = await direction.RotateAsync(frame, quads, cancellationToken);
        }

        var lines = Array.FindAll(
            await recognizer.RecognizeAsync(frame, quads, cancellationToken),
            line => line.Confidence >= confidence && !string.IsNullOrWhiteSpace(line.Text));
        var order = ReadingOrder.Of([.. lines.Select(line => line.Quad)]);
        var detections = input.Upstream.SelectMany(output => output.Detections).ToList();
        return StageOutput.Of([.. order.Select(index => ToFinding(lines[index], frame, detections))]);
    }

    /// <summary>The same lines, linked to the detections of the new frame.</summary>
    public StageOutput Reuse(StageOutput earlier, StageInput input)
    {
        var detections = input.Upstream.SelectMany(output => output.Detections).ToList();
        return StageOutput.Of([.. earlier.Texts.Select(finding => Relink(finding, detections))]);
    }

    /// <summary>Rotates a tall rectangle by 90 degrees counterclockwise (PaddleOCR, get_rotate_crop_image).</summary>
    internal static Quad Upright(Quad quad) => quad.Height >= quad.Width * VerticalAspect ? quad.Rotated90() : quad;

    /// <summary>The smallest detection whose box contains a point, the first of equal ones, or null.</summary>
    internal static Detection? SmallestAround(PixelPoint point, IEnumerable<Detection> detections) => detections
        .Where(detection => Contains(detection.Box, point))
        .MinBy(detection => detection.Box.Width * detection.Box.Height);

    private static bool Contains(BoundingBox box, PixelPoint point) =>
        point.X >= box.X && point.X <= box.X + box.Width && point.Y >= box.Y && point.Y <= box.Y + box.Height;

    private static TextFinding ToFinding(RecognizedLine line, Frame frame, List<Detection> detections)
    {
        var quad = line.Quad.ScaledBy((float)frame.SourceWidth / frame.Width, (float)frame.SourceHeight / frame.Height);
        var region = new TextRegion
        {
            Text = line.Text.Trim(),
            Confidence = Math.Clamp(line.Confidence, 0, 1),
            Polygon =
            {
                quad.ClippedCorners(frame.SourceWidth, frame.SourceHeight)
                    .Select(corner => new Point { X = corner.X, Y = corner.Y }),
            },
        };
        return new TextFinding(region, SmallestAround(quad.Center, detections));
    }

    private static TextFinding Relink(TextFinding finding, List<Detection> detections)
    {
        // The region of the earlier frame keeps its own detection_index, so this frame needs a copy.
        var region = finding.Region.Clone();
        region.ClearDetectionIndex();
        var (topLeft, bottomRight) = (region.Polygon[0], region.Polygon[2]);
        var center = new PixelPoint((topLeft.X + bottomRight.X) / 2, (topLeft.Y + bottomRight.Y) / 2);
        return new TextFinding(region, SmallestAround(center, detections));
    }
}

/// <summary>Detects the lines of text in a frame with a DB network.</summary>
internal sealed class TextDetector
{
    /// <summary>The network halves its input five times, so both sides must be multiples of this.</summary>
    public const int SideMultiple = 32;

    /// <summary>RGB / 255, normalized by the mean and deviation of ImageNet (PaddleOCR, NormalizeImage).</summary>
    private static readonly TensorFormat Format = TensorFormat.Normalized(
        ChannelOrder.Rgb, TensorLayout.Planar, 1 / 255f, (0.485f, 0.456f, 0.406f), (0.229f, 0.224f, 0.225f));

    private readonly ModelSession _model;
    private readonly TextMapThresholds _thresholds;
    private readonly float _maximumGap;
    private readonly int _maxSide;
    private readonly int _maxLines;

    /// <exception cref="ModelLoadException">The model does not match its family.</exception>
    public TextDetector(ModelSession model, IReadOnlyDictionary<string, float> thresholds, StageOptions options)
    {
        _model = model;
        _thresholds = new TextMapThresholds(
            thresholds[Thresholds.TextPixel], thresholds[Thresholds.TextBox], thresholds[Thresholds.TextUnclip]);
        _maximumGap = thresholds[Thresholds.TextJoin];
        _maxSide = options.TextMaxSide;
        _maxLines = options.TextLinesPerFrame;
        if (!model.Input.Matches(1, TensorFormat.ChannelCount, -1, -1) || model.Outputs is not [{ Sizes.Count: 4 }])
        {
            throw new ModelLoadException(
                model.Entry.Id,
                "The family ppocr_detection has the input [-1, 3, -1, -1] and the output [-1, 1, -1, -1]; the file has "
                + $"{model.Input} and {string.Join(", ", model.Outputs)}. Check family and file.");
        }
    }

    /// <summary>The lines in pixels of the frame (not of the source), by descending confidence.</summary>
    public async ValueTask<List<TextBox>> FindAsync(Frame frame, CancellationToken cancellationToken)
    {
        var (width, height) = InputSize(frame.Width, frame.Height, _maxSide);
        var length = width * height * TensorFormat.ChannelCount;
        var buffer = BufferPool<float>.Shared.Rent(length);
        try
        {
            var fit = ImageFit.Of(frame.Width, frame.Height, width, height, ImagePlacement.Stretch);
            ImageTensor.Fill(
                frame.Image, fit, Format, padding: 0,
                buffer.AsSpan(0, length), width, height);
            using var outputs = await _model.RunAsync(
                buffer.AsMemory(0, length), [1, TensorFormat.ChannelCount, height, width], cancellationToken);
            var boxes = TextMap.Find(outputs.Values(0), width, height, _thresholds);
            var (scaleX, scaleY) = ((float)frame.Width / width, (float)frame.Height / height);

            // Joining compares all pairs, so the limit comes first.
            var lines = TextLineJoining.Join([.. boxes.Take(_maxLines)], _maximumGap);
            return [.. lines.Select(box => box with { Quad = box.Quad.ScaledBy(scaleX, scaleY) })];
        }
        finally
        {
            BufferPool<float>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// The frame size, scaled down if its longer side exceeds the limit, with each side rounded to the nearest multiple
    /// of 32 (PaddleOCR, DetResizeForTest with limit_type max).
    /// </summary>
    internal static (int Width, int Height) InputSize(int frameWidth, int frameHeight, int maxSide)
    {
        var scale = Math.Min(1, (double)maxSide / Math.Max(frameWidth, frameHeight));
        return (ToMultiple(frameWidth * scale), ToMultiple(frameHeight * scale));
    }

    private static int ToMultiple(double side) =>
        Math.Max(SideMultiple, (int)Math.Round(side / SideMultiple) * SideMultiple);
}

/// <summary>Rotates upside-down lines of text, with PaddleOCR's classifier of 0 and 180 degrees.</summary>
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

    /// <summary>The lines in their order, with upside-down ones rotated.</summary>
    public async ValueTask<Quad[]> RotateAsync(
        Frame frame, IReadOnlyList<Quad> lines, CancellationToken cancellationToken)
    {
        var rotated = new List<Quad>(lines.Count);
        foreach (var chunk in lines.Chunk(_linesPerBatch))
        {
            using var batch = new TextLineBatch(frame, chunk, _model.Entry.InputWidth, _model.Entry.InputHeight);
            using var outputs = await batch.RunAsync(_model, 0, chunk.Length, cancellationToken);
            rotated.AddRange(Rotate(chunk, outputs.Values(0), _threshold));
        }

        return [.. rotated];
    }

    /// <summary>Rotates the lines whose probability of being upside down reaches a threshold.</summary>
    /// <param name="lines">The lines.</param>
    /// <param name="probabilities">[lines, 2]: upright, upside down.</param>
    /// <param name="threshold">0 to 1.</param>
    internal static Quad[] Rotate(Quad[] lines, ReadOnlySpan<float> probabilities, float threshold)
    {
        var rotated = new Quad[lines.Length];
        for (var i = 0; i < lines.Length; i++)
        {
            rotated[i] = probabilities[(2 * i) + 1] >= threshold ? lines[i].Rotated180() : lines[i];
        }

        return rotated;
    }
}

/// <summary>A recognized line of text.</summary>
/// <param name="Quad">Its position in pixels of the frame.</param>
/// <param name="Text">Its characters; can be empty.</param>
/// <param name="Confidence">Mean probability of its characters, 0 to 1.</param>
internal sealed record RecognizedLine(Quad Quad, string Text, float Confidence);

/// <summary>Recognizes lines of text with a CTC network. Lines of similar width are padded to the same width.</summary>
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

    /// <exception cref="ModelLoadException">The model does not match its family or its label list.</exception>
    public TextRecognizer(ModelSession model, StageOptions options)
    {
        _model = model;
        _linesPerBatch = options.TextLinesPerBatch;
        _linesPerRun = options.TextLinesPerRun > 0 ? options.TextLinesPerRun
            : model.IsBatched ? options.TextLinesPerBatch : 1;
        _maxWidth = options.TextLineMaxWidth;
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
                Decode(outputs.Values(0), indexes.AsSpan(first, count), lines, recognized);
            }
        }

        return recognized;
    }

    /// <summary>Width of the input for lines of a width, in pixels.</summary>
    internal static int TensorWidth(int lineWidth, int maxWidth) =>
        Math.Clamp((lineWidth + WidthStep - 1) / WidthStep * WidthStep, MinimumWidth, maxWidth);

    private void Decode(
        ReadOnlySpan<float> values, ReadOnlySpan<int> indexes, IReadOnlyList<Quad> lines, RecognizedLine[] recognized)
    {
        var length = values.Length / indexes.Length;
        for (var i = 0; i < indexes.Length; i++)
        {
            var (text, confidence) = CtcDecoder.Decode(values.Slice(i * length, length), _alphabet);
            recognized[indexes[i]] = new RecognizedLine(lines[indexes[i]], text, confidence);
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
