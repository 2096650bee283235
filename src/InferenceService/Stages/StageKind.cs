using ForegSyte.Inference.Models;

namespace ForegSyte.Inference.Stages;

/// <summary>A stage that pipelines may name: which models it takes and which stages may feed it.</summary>
/// <param name="Name">Name in a pipeline.</param>
/// <param name="RequiredRoles">Roles that a node has to fill.</param>
/// <param name="OptionalRoles">Roles that a node may fill.</param>
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

    /// <summary>Finds objects in the whole frame.</summary>
    public static readonly StageKind DetectObjects = new(
        DetectObjectsName,
        new Dictionary<string, ModelRole> { [DetectorRole] = ModelRole.Detector },
        new Dictionary<string, ModelRole>(),
        []);

    /// <summary>Reads the text of the whole frame; with detections it tells on which object a line is.</summary>
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
