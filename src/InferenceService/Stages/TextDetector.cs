using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>Detects the lines of text in a frame with a DB network.</summary>
internal sealed class TextDetector
{
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
        var input = TextDetectorInput.Of(frame.Width, frame.Height, _maxSide);
        var length = input.Width * input.Height * TensorFormat.ChannelCount;
        var buffer = BufferPool<float>.Shared.Rent(length);
        try
        {
            input.Fill(frame.Image, Format, buffer.AsSpan(0, length));
            using var outputs = await _model.RunAsync(
                buffer.AsMemory(0, length), [1, TensorFormat.ChannelCount, input.Height, input.Width],
                cancellationToken);
            var boxes = TextMap.Find(outputs.Values(0), input.Width, input.Height, _thresholds);

            // Joining compares all pairs, so the limit comes first.
            var lines = TextLineJoining.Join([.. boxes.Take(_maxLines)], _maximumGap);
            return [.. lines.Select(box => box with { Quad = input.ToFrame(box.Quad) })];
        }
        finally
        {
            BufferPool<float>.Shared.Return(buffer);
        }
    }
}

/// <summary>How a frame lies in the input of the text detector.</summary>
/// <param name="Fit">Position and size of the frame in the input.</param>
/// <param name="Width">Width of the input.</param>
/// <param name="Height">Height of the input.</param>
internal readonly record struct TextDetectorInput(ImageFit Fit, int Width, int Height)
{
    /// <summary>The network halves its input five times, so both sides must be multiples of this.</summary>
    public const int SideMultiple = 32;

    /// <summary>Ratio of the sides up to which the longer side limits the input; above any film format.</summary>
    public const double LongestAspect = 2.4;

    /// <summary>Margin at the long sides of a strip: at the edge of its input the network does not see text.</summary>
    public const int Margin = 32;

    /// <summary>Minimum ratio of the sides of a strip.</summary>
    private const double StripAspect = 8;

    /// <summary>
    /// Height to which strips are scaled, so that small letters are found. There is no room for a second line in them.
    /// </summary>
    private const double StripHeight = 64;

    /// <summary>Share of its height by which a line on an enlarged strip is expanded on each side.</summary>
    private const float StripExpansion = 0.2f;

    /// <summary>
    /// The frame size, scaled down if its longer side exceeds the limit, with each side rounded to the nearest multiple
    /// of 32 (PaddleOCR, DetResizeForTest with limit_type max). Frames longer than <see cref="LongestAspect"/> keep the
    /// area that this gives a frame of that aspect ratio, because their text would vanish; strips are enlarged to about
    /// the area of the largest square input.
    /// </summary>
    public static TextDetectorInput Of(int frameWidth, int frameHeight, int maxSide)
    {
        var (longer, shorter) = ((double)Math.Max(frameWidth, frameHeight), (double)Math.Min(frameWidth, frameHeight));
        var scale = Math.Min(1, maxSide / longer);
        var margin = 0;
        if (longer > LongestAspect * shorter)
        {
            scale = Math.Min(1, maxSide / Math.Sqrt(LongestAspect * longer * shorter));
            if (longer >= StripAspect * shorter && shorter * scale <= StripHeight)
            {
                // The positive root of scale * longer * (scale * shorter + 2 * Margin) = maxSide * maxSide.
                var root = Math.Sqrt((Margin * Margin) + (shorter * maxSide * maxSide / longer));
                (margin, scale) = (Margin, Math.Min(StripHeight / shorter, (root - Margin) / shorter));
            }
        }

        var (width, height) = (ToMultiple(frameWidth * scale), ToMultiple(frameHeight * scale));
        var (left, top) = frameWidth > frameHeight ? (0, margin) : (margin, 0);
        var fit = new ImageFit(frameWidth, frameHeight, left, top, width, height);
        return new(fit, width + (2 * left), height + (2 * top));
    }

    /// <summary>Fills a planar tensor; the margin repeats the edge of the frame.</summary>
    public void Fill(RgbImage image, TensorFormat format, Span<float> tensor)
    {
        ImageTensor.Fill(image, Fit, format, padding: 0, tensor, Width, Height);
        var hasMargin = (Width, Height) != (Fit.Width, Fit.Height);
        for (var start = 0; hasMargin && start < tensor.Length; start += Width * Height)
        {
            var plane = tensor.Slice(start, Width * Height);
            for (var y = 0; y < Height; y++)
            {
                var row = plane.Slice(y * Width, Width);
                var inside = Math.Clamp(y, Fit.Top, Fit.Top + Fit.Height - 1);
                plane.Slice((inside * Width) + Fit.Left, Fit.Width).CopyTo(row[Fit.Left..]);
                row[..Fit.Left].Fill(row[Fit.Left]);
                row[(Fit.Left + Fit.Width)..].Fill(row[Fit.Left + Fit.Width - 1]);
            }
        }
    }

    /// <summary>
    /// Maps a rectangle of the input to the frame. In an enlarged strip it is tight around the letters, so that the
    /// recognizer would lose the spaces; it is expanded.
    /// </summary>
    public Quad ToFrame(in Quad quad)
    {
        var inFrame = quad
            .MovedBy(new PixelPoint(-Fit.Left, -Fit.Top))
            .ScaledBy((float)Fit.ImageWidth / Fit.Width, (float)Fit.ImageHeight / Fit.Height);
        return Math.Max(Fit.Width, Fit.Height) > Math.Max(Fit.ImageWidth, Fit.ImageHeight) && Fit.Left + Fit.Top > 0
            ? inFrame.ExpandedBy(StripExpansion * Math.Min(inFrame.Width, inFrame.Height))
            : inFrame;
    }

    private static int ToMultiple(double side) =>
        Math.Max(SideMultiple, (int)Math.Round(side / SideMultiple) * SideMultiple);
}
