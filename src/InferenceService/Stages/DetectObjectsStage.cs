using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Inference.Stages;

/// <summary>Detects objects in the whole frame with one model.</summary>
internal sealed class DetectObjectsStage : IStage
{
    /// <summary>A side that no catalogue entry can have: only inputs of any size match it.</summary>
    private const int AnySide = ModelCatalogueReader.MaxInputSide + 1;

    private readonly ModelSession _model;
    private readonly IDetectionDecoder _decoder;
    private readonly StageOptions _options;
    private readonly float _confidence;

    /// <summary>Minimum confidence by class.</summary>
    private readonly float[] _confidenceOf;

    /// <summary>Confidence from which boxes are decoded, at most the confidence of detections.</summary>
    private readonly float _candidateConfidence;
    private readonly bool _isFollowed;
    private readonly float _overlap;
    private readonly float _overlapAcrossClasses;
    private readonly bool _isShaped;

    /// <param name="model">The detector.</param>
    /// <param name="thresholds">Thresholds of the catalogue entry, overridden by those of the node.</param>
    /// <param name="options">Limits.</param>
    /// <param name="candidateConfidence">
    /// Confidence from which boxes are candidates for tracks, with their appearances; null if nothing follows objects.
    /// </param>
    /// <exception cref="ModelLoadException">The model does not match its family or its catalogue entry.</exception>
    public DetectObjectsStage(
        ModelSession model, IReadOnlyDictionary<string, float> thresholds, StageOptions options,
        float? candidateConfidence = null)
    {
        _model = model;
        _options = options;
        Labels = LabelList.Read(model.Entry);
        _confidence = thresholds[Thresholds.Confidence];
        _isFollowed = candidateConfidence is not null;
        _candidateConfidence = Math.Min(candidateConfidence ?? 1, _confidence);
        _overlap = thresholds[Thresholds.Overlap];
        _overlapAcrossClasses = thresholds.GetValueOrDefault(Thresholds.OverlapAcrossClasses, _overlap);
        _decoder = DetectionDecoders.Create(model, Labels.Count);
        var (width, height) = (model.Entry.InputWidth, model.Entry.InputHeight);
        var shape = InputShapeOf(width, height);
        if (!model.Input.Matches([.. shape.Select(size => (int)size)]))
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"The input of the file is {model.Input}, but the catalogue says [{string.Join(", ", shape)}]. "
                + "Correct input or family in the catalogue.");
        }

        _confidenceOf = [.. Labels.Select(label =>
            Math.Max(_confidence, model.Entry.LabelConfidence.GetValueOrDefault(label)))];
        if (model.Entry.LabelConfidence.Keys.FirstOrDefault(label => !Labels.Contains(label)) is { } unknown)
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"label_confidence names '{unknown}', which is not in labels_file. Correct it in the catalogue.");
        }

        var isStretched = _decoder.Placement == ImagePlacement.Stretch;
        _isShaped = isStretched && model.Input.Matches([.. InputShapeOf(AnySide, AnySide).Select(size => (int)size)]);
        DecodeSize = _isShaped ? DecodeSize.Shaped(width, height)
            : isStretched ? new DecodeSize(width, height)
            : DecodeSize.Native;
    }

    /// <summary>
    /// The input size of the model if it takes stretched frames, otherwise the native size. A model that accepts any
    /// size gets one with the shape of the video and about the area of its catalogue entry.
    /// </summary>
    public DecodeSize DecodeSize { get; }

    public IReadOnlyList<string> Labels { get; }

    public float? DetectionConfidence => _confidence;

    public async ValueTask<StageOutput> ProcessAsync(StageInput input, CancellationToken cancellationToken)
    {
        var frame = input.Frame;
        var (width, height) = InputSizeFor(frame);
        var fit = ImageFit.Of(frame.Width, frame.Height, width, height, _decoder.Placement);
        var length = width * height * TensorFormat.ChannelCount;
        var buffer = BufferPool<float>.Shared.Rent(length);
        try
        {
            ImageTensor.Fill(
                frame.ImageFor(DecodeSize), fit, _decoder.Format, _decoder.Padding,
                buffer.AsSpan(0, length), width, height);
            var candidates = new List<ScoredBox>();
            using (var outputs = await _model.RunAsync(
                buffer.AsMemory(0, length), InputShapeOf(width, height), cancellationToken))
            {
                _decoder.Decode(outputs, (width, height), _candidateConfidence, candidates);
            }

            return ToOutput(Suppress(candidates, fit, frame), input);
        }
        finally
        {
            BufferPool<float>.Shared.Return(buffer);
        }
    }

    private (int Width, int Height) InputSizeFor(Frame frame)
    {
        if (!_isShaped)
        {
            return (_model.Entry.InputWidth, _model.Entry.InputHeight);
        }

        var size = DecodeSize.For(frame.SourceWidth, frame.SourceHeight);
        return (size.Width, size.Height);
    }

    private long[] InputShapeOf(int width, int height) => _decoder.Format.Layout == TensorLayout.Planar
        ? [1, TensorFormat.ChannelCount, height, width]
        : [1, height, width, TensorFormat.ChannelCount];

    /// <summary>
    /// Suppresses the boxes in source pixels, clipped to the frame as in the results: overlap outside the frame does
    /// not count.
    /// </summary>
    private List<ScoredBox> Suppress(List<ScoredBox> candidates, in ImageFit fit, Frame frame)
    {
        var boxes = new List<ScoredBox>(candidates.Count);
        foreach (var candidate in candidates)
        {
            var box = fit.ToImage(candidate, frame.SourceWidth, frame.SourceHeight);
            if (box is { Width: > 0, Height: > 0 } && float.IsFinite(box.Area))
            {
                boxes.Add(box);
            }
        }

        // A kept box depends only on more confident ones, so candidates change no detection.
        return NonMaximumSuppression.Apply(
            boxes, _overlap, _overlapAcrossClasses, _options.DetectionCandidates, _options.DetectionsPerFrame);
    }

    /// <summary>Divides the boxes that are wanted into detections and candidates.</summary>
    private StageOutput ToOutput(List<ScoredBox> boxes, in StageInput input)
    {
        var frame = input.Frame;
        var filter = input.Filter ?? FrameFilter.All;
        var detections = new List<Detection>();
        var appearances = new List<ByteString>();
        var candidates = new List<Candidate>();
        foreach (var box in boxes)
        {
            var x = (box.Left + (box.Width / 2)) / frame.SourceWidth;
            var y = (box.Top + (box.Height / 2)) / frame.SourceHeight;
            if (!filter.HasLabel(Labels[box.ClassId]) || !filter.HasPoint(x, y))
            {
                continue;
            }

            if (box.Confidence >= Math.Max(_confidenceOf[box.ClassId], filter.MinConfidence))
            {
                detections.Add(ToDetection(box));
                if (_isFollowed)
                {
                    appearances.Add(AppearanceOf(box, frame));
                }
            }
            else if (_isFollowed)
            {
                candidates.Add(ToCandidate(box, frame));
            }
        }

        return StageOutput.Of(detections) with { Appearances = appearances, Candidates = candidates };
    }

    private Detection ToDetection(ScoredBox box) => new()
    {
        Label = Labels[box.ClassId],
        ClassId = box.ClassId,
        Confidence = Math.Clamp(box.Confidence, 0, 1),
        Box = ToBoundingBox(box),
    };

    private Candidate ToCandidate(ScoredBox box, Frame frame) => new()
    {
        Label = Labels[box.ClassId],
        ClassId = box.ClassId,
        Confidence = Math.Clamp(box.Confidence, 0, 1),
        Box = ToBoundingBox(box),
        Appearance = AppearanceOf(box, frame),
    };

    private static BoundingBox ToBoundingBox(ScoredBox box) =>
        new() { X = box.Left, Y = box.Top, Width = box.Width, Height = box.Height };

    /// <summary>The colors in the picture that the model sees, so that all pipelines with this model agree.</summary>
    private ByteString AppearanceOf(ScoredBox box, Frame frame)
    {
        var image = frame.ImageFor(DecodeSize);
        var (scaleX, scaleY) = ((float)image.Width / frame.SourceWidth, (float)image.Height / frame.SourceHeight);
        return UnsafeByteOperations.UnsafeWrap(AppearanceDescriptor.Describe(
            image, box.Left * scaleX, box.Top * scaleY, box.Width * scaleX, box.Height * scaleY));
    }
}
