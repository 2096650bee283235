using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Benchmarks;

/// <summary>
/// The runs of models that the pipelines make for the frames of a clip. Lines of text are found with the real text
/// detector, and batched by the rule of <see cref="TextRecognizer"/>.
/// </summary>
internal sealed class PipelineInputs(ModelSessions models)
{
    private const string Detector = "nanodet_g_416";
    private const string TextDetectorId = "ppocr_v4_detection";
    private const string TextRecognizerId = "ppocr_v4_recognition";

    private readonly StageOptions _options = new();

    /// <summary>The runs for all frames, in their order.</summary>
    public async Task<List<ModelInput>> RecordAsync(
        string pipelineId, string clip, CancellationToken cancellationToken)
    {
        var inputs = new List<ModelInput>();
        await foreach (var frame in Clip.ReadAsync(clip, cancellationToken))
        {
            var detector = models.Get(Detector).Entry;
            inputs.Add(ModelInput.Of(
                Detector, 1, TensorFormat.ChannelCount, detector.InputHeight, detector.InputWidth));
            if (pipelineId == "yolo_ocr")
            {
                inputs.AddRange(Text(frame));
            }
        }

        return inputs;
    }

    private IEnumerable<ModelInput> Text(Frame frame)
    {
        var (width, height) = TextPictureSize.Of(frame.Width, frame.Height, _options.TextMaxSide);
        yield return ModelInput.Of(TextDetectorId, 1, TensorFormat.ChannelCount, height, width);

        var model = models.Get(TextDetectorId);
        var lineHeight = models.Get(TextRecognizerId).Entry.InputHeight;
        var widths = new TextDetector(model, model.Entry.Thresholds, _options).Find(frame, CancellationToken.None)
            .Select(box => Upright(box.Quad))
            .Select(quad => TextLineBatch.WidthAt(quad, lineHeight))
            .Order();
        foreach (var batch in widths.Chunk(_options.TextLinesPerBatch))
        {
            var batchWidth = TextRecognizer.TensorWidth(batch[^1], _options.TextLineMaxWidth);
            yield return ModelInput.Of(
                TextRecognizerId, batch.Length, TensorFormat.ChannelCount, lineHeight, batchWidth);
        }
    }

    private static Quad Upright(Quad quad) =>
        quad.Height >= quad.Width * ReadTextStage.VerticalAspect ? quad.TurnedQuarter() : quad;
}
