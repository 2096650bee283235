using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;
using ForegSyte.V1;

namespace ForegSyte.Inference.Stages;

/// <summary>Detects objects in the whole frame with one model.</summary>
internal sealed class DetectObjectsStage : IStage
{
    private readonly ModelSession _model;
    private readonly IDetectionDecoder _decoder;
    private readonly IReadOnlyList<string> _labels;
    private readonly StageOptions _options;
    private readonly float _confidence;
    private readonly float _overlap;
    private readonly float _overlapAcrossClasses;
    private readonly long[] _inputShape;

    /// <param name="model">The detector.</param>
    /// <param name="thresholds">Thresholds of the catalogue entry, overridden by those of the node.</param>
    /// <param name="options">Limits.</param>
    /// <exception cref="ModelLoadException">The model does not match its family or its catalogue entry.</exception>
    public DetectObjectsStage(ModelSession model, IReadOnlyDictionary<string, float> thresholds, StageOptions options)
    {
        _model = model;
        _options = options;
        _labels = LabelList.Read(model.Entry);
        _confidence = thresholds[Thresholds.Confidence];
        _overlap = thresholds[Thresholds.Overlap];
        _overlapAcrossClasses = thresholds.GetValueOrDefault(Thresholds.OverlapAcrossClasses, _overlap);
        _decoder = DetectionDecoders.Create(model, _labels.Count);
        var (width, height) = (model.Entry.InputWidth, model.Entry.InputHeight);
        _inputShape = _decoder.Format.Layout == TensorLayout.Planar
            ? [1, TensorFormat.ChannelCount, height, width]
            : [1, height, width, TensorFormat.ChannelCount];
        if (!model.Input.Matches([.. _inputShape.Select(size => (int)size)]))
        {
            throw new ModelLoadException(
                model.Entry.Id,
                $"The input of the file is {model.Input}, but the catalogue says [{string.Join(", ", _inputShape)}]. "
                + "Correct input or family in the catalogue.");
        }

        DecodeSize = _decoder.Placement == ImagePlacement.Stretch ? new DecodeSize(width, height) : DecodeSize.Native;
    }

    /// <summary>The input size of the model if it takes stretched frames, otherwise the native size.</summary>
    public DecodeSize DecodeSize { get; }

    public async ValueTask<StageOutput> ProcessAsync(StageInput input, CancellationToken cancellationToken)
    {
        var frame = input.Frame;
        var (width, height) = (_model.Entry.InputWidth, _model.Entry.InputHeight);
        var fit = ImageFit.Of(frame.Width, frame.Height, width, height, _decoder.Placement);
        var length = width * height * TensorFormat.ChannelCount;
        var buffer = BufferPool<float>.Shared.Rent(length);
        try
        {
            ImageTensor.Fill(
                frame.ImageFor(DecodeSize), fit, _decoder.Format, _decoder.Padding,
                buffer.AsSpan(0, length), width, height);
            var candidates = new List<ScoredBox>();
            using (var outputs = await _model.RunAsync(buffer.AsMemory(0, length), _inputShape, cancellationToken))
            {
                _decoder.Decode(outputs, _confidence, candidates);
            }

            return StageOutput.Of(ToDetections(candidates, fit, frame));
        }
        finally
        {
            BufferPool<float>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Suppresses the boxes in source pixels, clipped to the frame as in the results: overlap outside the frame does
    /// not count.
    /// </summary>
    private List<Detection> ToDetections(List<ScoredBox> candidates, in ImageFit fit, Frame frame)
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

        var kept = NonMaximumSuppression.Apply(
            boxes, _overlap, _overlapAcrossClasses, _options.DetectionCandidates, _options.DetectionsPerFrame);
        return kept.ConvertAll(ToDetection);
    }

    private Detection ToDetection(ScoredBox box) => new()
    {
        Label = _labels[box.ClassId],
        ClassId = box.ClassId,
        Confidence = Math.Clamp(box.Confidence, 0, 1),
        Box = new BoundingBox { X = box.Left, Y = box.Top, Width = box.Width, Height = box.Height },
    };
}
