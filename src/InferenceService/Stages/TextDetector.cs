using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>Finds the lines of text of a frame with a DB network.</summary>
internal sealed class TextDetector
{
    /// <summary>RGB / 255, minus the mean, by the deviation of ImageNet: PaddleOCR's NormalizeImage.</summary>
    private static readonly TensorFormat Format = TensorFormat.Normalized(
        ChannelOrder.Rgb, TensorLayout.Planar, 1 / 255f, (0.485f, 0.456f, 0.406f), (0.229f, 0.224f, 0.225f));

    private readonly ModelSession _model;
    private readonly TextMapThresholds _thresholds;
    private readonly float _widestGap;
    private readonly int _maxSide;
    private readonly int _maxLines;

    /// <exception cref="ModelLoadException">The model is not of the family.</exception>
    public TextDetector(ModelSession model, IReadOnlyDictionary<string, float> thresholds, StageOptions options)
    {
        _model = model;
        _thresholds = new TextMapThresholds(
            thresholds[Thresholds.TextPixel], thresholds[Thresholds.TextBox], thresholds[Thresholds.TextUnclip]);
        _widestGap = thresholds[Thresholds.TextJoin];
        _maxSide = options.TextMaxSide;
        _maxLines = options.TextLinesPerFrame;
        if (!model.Input.Takes(1, TensorFormat.ChannelCount, -1, -1) || model.Outputs is not [{ Sizes.Count: 4 }])
        {
            throw new ModelLoadException(
                model.Entry.Id,
                "The family ppocr_detection takes [-1, 3, -1, -1] and gives [-1, 1, -1, -1]; the file takes "
                + $"{model.Input} and gives {string.Join(", ", model.Outputs)}. Check family and file.");
        }
    }

    /// <summary>The lines, in pixels of the frame (not of the source), the surest first.</summary>
    public async ValueTask<List<TextBox>> FindAsync(Frame frame, CancellationToken cancellationToken)
    {
        var (width, height) = TextPictureSize.Of(frame.Width, frame.Height, _maxSide);
        var length = width * height * TensorFormat.ChannelCount;
        var buffer = BufferPool<float>.Shared.Rent(length);
        try
        {
            var fit = ImageFit.Of(frame.Width, frame.Height, width, height, ImagePlacement.Stretch);
            ImageTensor.Fill(
                new RgbImage(frame.Pixels.Span, frame.Width, frame.Height), fit, Format, padding: 0,
                buffer.AsSpan(0, length), width, height);
            using var outputs = await _model.RunAsync(
                buffer.AsMemory(0, length), [1, TensorFormat.ChannelCount, height, width], cancellationToken);
            var boxes = TextMap.Find(outputs.Values(0), width, height, _thresholds);
            var (scaleX, scaleY) = ((float)frame.Width / width, (float)frame.Height / height);
            // Limited first, so that joining, which compares all with all, has few to compare.
            var lines = TextLineJoining.Join([.. boxes.Take(_maxLines)], _widestGap);
            return [.. lines.Select(box => box with { Quad = box.Quad.ScaledBy(scaleX, scaleY) })];
        }
        finally
        {
            BufferPool<float>.Shared.Return(buffer);
        }
    }
}
