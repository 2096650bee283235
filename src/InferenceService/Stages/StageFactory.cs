using ForegSyte.Inference.Models;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Stages;

/// <summary>Makes the stage of a validated node.</summary>
internal sealed class StageFactory(ModelSessions models, IOptions<StageOptions> options)
{
    /// <exception cref="ModelLoadException">A model cannot be loaded or does not fit its family.</exception>
    public IStage Create(V1.PipelineNode node) => node.Stage switch
    {
        StageKind.DetectObjectsName => CreateDetectObjects(node),
        StageKind.ReadTextName => CreateReadText(node),
        _ => throw new ArgumentException($"There is no stage '{node.Stage}'.", nameof(node)),
    };

    private DetectObjectsStage CreateDetectObjects(V1.PipelineNode node)
    {
        var model = models.Get(node.Models[StageKind.DetectorRole]);
        return new DetectObjectsStage(model, ThresholdsOf(node, model), options.Value);
    }

    private ReadTextStage CreateReadText(V1.PipelineNode node)
    {
        var detector = models.Get(node.Models[StageKind.TextDetectorRole]);
        var recognizer = models.Get(node.Models[StageKind.TextRecognizerRole]);
        var direction = node.Models.TryGetValue(StageKind.TextDirectionRole, out var id) ? models.Get(id) : null;
        return new ReadTextStage(
            new TextDetector(detector, ThresholdsOf(node, detector), options.Value),
            direction is null
                ? null
                : new TextDirectionClassifier(direction, ThresholdsOf(node, direction), options.Value),
            new TextRecognizer(recognizer, options.Value),
            ThresholdsOf(node, recognizer)[Thresholds.Confidence],
            options.Value.TextChangeThreshold);
    }

    /// <summary>The thresholds of a model, where the node has its own those.</summary>
    private static Dictionary<string, float> ThresholdsOf(V1.PipelineNode node, ModelSession model)
    {
        var thresholds = new Dictionary<string, float>(model.Entry.Thresholds);
        foreach (var rule in model.Entry.Rules.Thresholds)
        {
            if (node.Thresholds.TryGetValue(rule.Name, out var value))
            {
                thresholds[rule.Name] = value;
            }
        }

        return thresholds;
    }
}
