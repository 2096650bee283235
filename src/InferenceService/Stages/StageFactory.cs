using ForegSyte.Inference.Models;
using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Stages;

/// <summary>
/// A stage that pipelines can name. To add a stage: implement <see cref="IStage"/>, add its kind to <see cref="All"/>
/// and its construction to <see cref="StageFactory.Create"/>.
/// </summary>
/// <param name="Name">Name in a pipeline.</param>
/// <param name="RequiredRoles">Model roles that a node must fill.</param>
/// <param name="OptionalRoles">Model roles that a node can fill.</param>
/// <param name="FedBy">Names of the stages whose output it uses.</param>
internal sealed record StageKind(
    string Name, IReadOnlyDictionary<string, ModelRole> RequiredRoles,
    IReadOnlyDictionary<string, ModelRole> OptionalRoles, IReadOnlyList<string> FedBy)
{
    public const string DetectObjectsName = "detect_objects";

    public const string ReadTextName = "read_text";

    public const string DetectorRole = "detector";

    public const string TextDetectorRole = "text_detector";

    public const string TextRecognizerRole = "text_recognizer";

    public const string TextDirectionRole = "text_direction";

    /// <summary>Detects objects in the whole frame.</summary>
    public static readonly StageKind DetectObjects = new(
        DetectObjectsName,
        new Dictionary<string, ModelRole> { [DetectorRole] = ModelRole.Detector },
        new Dictionary<string, ModelRole>(),
        []);

    /// <summary>Reads the text of the whole frame and links each line to the upstream detection around it.</summary>
    public static readonly StageKind ReadText = new(
        ReadTextName,
        new Dictionary<string, ModelRole>
        {
            [TextDetectorRole] = ModelRole.TextDetector,
            [TextRecognizerRole] = ModelRole.TextRecognizer,
        },
        new Dictionary<string, ModelRole> { [TextDirectionRole] = ModelRole.TextDirection },
        [DetectObjectsName]);

    /// <summary>All stages.</summary>
    public static readonly IReadOnlyList<StageKind> All = [DetectObjects, ReadText];

    /// <summary>The stage with a name, or null.</summary>
    public static StageKind? Find(string name) => All.FirstOrDefault(kind => kind.Name == name);
}

/// <summary>Reads the values of parameters.</summary>
internal static class ParameterValues
{
    /// <summary>The number in double_value or int64_value; null without a number.</summary>
    public static double? Number(this Parameter parameter) => parameter.ValueCase switch
    {
        Parameter.ValueOneofCase.DoubleValue => parameter.DoubleValue,
        Parameter.ValueOneofCase.Int64Value => parameter.Int64Value,
        _ => null,
    };
}

/// <summary>Creates the stage of a validated node.</summary>
internal sealed class StageFactory(ModelSessions models, IOptions<StageOptions> options)
{
    /// <param name="node">The node.</param>
    /// <param name="objects">How its detections are followed; null if they are not.</param>
    /// <exception cref="ModelLoadException">A model cannot be loaded or does not match its family.</exception>
    public IStage Create(PipelineNode node, ObjectTracking? objects = null) => node.Stage switch
    {
        StageKind.DetectObjectsName => CreateDetectObjects(node, objects),
        StageKind.ReadTextName => CreateReadText(node),
        _ => throw new ArgumentException($"The stage '{node.Stage}' is unknown.", nameof(node)),
    };

    private DetectObjectsStage CreateDetectObjects(PipelineNode node, ObjectTracking? objects)
    {
        var model = models.Get(node.Models[StageKind.DetectorRole]);
        var candidateConfidence = objects is null
            ? (float?)null
            : (float)new TrackingValues(TrackingParameters.Objects, objects.Parameters.AsReadOnly())[
                TrackingParameters.CandidateConfidence];
        return new DetectObjectsStage(model, ThresholdsOf(node, model), options.Value, candidateConfidence);
    }

    private ReadTextStage CreateReadText(PipelineNode node)
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

    /// <summary>The thresholds of a model, overridden by the parameters of the node.</summary>
    private static Dictionary<string, float> ThresholdsOf(PipelineNode node, ModelSession model)
    {
        var thresholds = new Dictionary<string, float>(model.Entry.Thresholds);
        foreach (var rule in model.Entry.Rules.Thresholds)
        {
            if (node.Parameters.TryGetValue(rule.Name, out var value) && value.Number() is { } number)
            {
                thresholds[rule.Name] = (float)number;
            }
        }

        return thresholds;
    }
}
