using System.Collections.Frozen;

namespace ForegSyte.Inference.Models;

/// <summary>
/// Input format and output decoding of a model. A family is code, a model is an entry of the catalogue. To add a
/// family: add a value here, its rules to <see cref="FamilyRules.ByName"/>, and its decoder to the stage that uses it.
/// </summary>
internal enum ModelFamily
{
    /// <summary>NanoDet with separate outputs per stride: class scores and box distributions.</summary>
    NanoDet,

    /// <summary>CenterNet with a heat map of object centers and four distances per cell.</summary>
    CenterNet,

    /// <summary>YOLOX as exported by Megvii: [1, cells, 5 + classes], relative to the grid.</summary>
    YoloX,

    /// <summary>YOLOv8, YOLO11 and relatives as exported by Ultralytics: [1, 4 + classes, boxes].</summary>
    YoloV8,

    /// <summary>RT-DETR, D-FINE and relatives as exported by their authors: labels, boxes, scores.</summary>
    RtDetr,

    /// <summary>RT-DETR as exported by Ultralytics: [1, queries, 4 + classes].</summary>
    RtDetrUltralytics,

    /// <summary>PaddleOCR's DB network: a probability map of text.</summary>
    PpOcrDetection,

    /// <summary>PaddleOCR's CTC recognizer of one text line.</summary>
    PpOcrRecognition,

    /// <summary>PaddleOCR's classifier of upright and upside-down lines.</summary>
    PpOcrDirection,
}

/// <summary>Use of a model in a stage; a pipeline node names its models by role.</summary>
internal enum ModelRole
{
    /// <summary>Detects objects.</summary>
    Detector,

    /// <summary>Detects lines of text.</summary>
    TextDetector,

    /// <summary>Recognizes one line of text.</summary>
    TextRecognizer,

    /// <summary>Tells upright lines from upside-down ones.</summary>
    TextDirection,
}

/// <summary>
/// Names of the thresholds. Within a stage a name belongs to one role, so parameters of nodes need no prefix.
/// </summary>
internal static class Thresholds
{
    /// <summary>Minimum confidence of a detection or a line of text, 0 to 1.</summary>
    public const string Confidence = "confidence";

    /// <summary>Maximum intersection over union of two kept detections of one class, 0 to 1.</summary>
    public const string Overlap = "iou";

    /// <summary>
    /// The same for two detections of different classes. The default is the value of <see cref="Overlap"/>: one object,
    /// one detection. 1 suppresses each class separately.
    /// </summary>
    public const string OverlapAcrossClasses = "iou_across_classes";

    /// <summary>A pixel of the text map is text if its probability exceeds this, 0 to 1.</summary>
    public const string TextPixel = "text_pixel";

    /// <summary>Minimum mean probability of a region of the text map, 0 to 1.</summary>
    public const string TextBox = "text_box";

    /// <summary>Expansion of a region of the text map: area * ratio / perimeter on each side.</summary>
    public const string TextUnclip = "text_unclip";

    /// <summary>Maximum gap between two regions of one line, as a share of their height; 0 disables joining.</summary>
    public const string TextJoin = "text_join";

    /// <summary>
    /// Minimum probability of being upside down at which a doubtful line is read upside down too, 0 to 1.
    /// </summary>
    public const string TextRotation = "text_rotation";
}

/// <summary>Range and default of a threshold.</summary>
/// <param name="Name">Name in the catalogue and in pipelines.</param>
/// <param name="Minimum">Minimum value.</param>
/// <param name="Maximum">Maximum value.</param>
/// <param name="Default">
/// Value if neither the catalogue nor the pipeline gives one; null if another threshold replaces it.
/// </param>
internal sealed record ThresholdRule(string Name, double Minimum, double Maximum, double? Default)
{
    /// <summary>Whether a value is in range; NaN is not.</summary>
    public bool Allows(double value) => value >= Minimum && value <= Maximum;
}

/// <summary>Rules of a family for catalogue entries and pipelines.</summary>
/// <param name="Family">The family.</param>
/// <param name="Name">Name in the catalogue.</param>
/// <param name="Role">Role of its models.</param>
/// <param name="NeedsInputWidth">Whether an entry must give input.width.</param>
/// <param name="NeedsInputHeight">Whether an entry must give input.height.</param>
/// <param name="NeedsLabels">Whether an entry must give labels_file.</param>
/// <param name="Thresholds">Its thresholds.</param>
internal sealed record FamilyRules(
    ModelFamily Family, string Name, ModelRole Role, bool NeedsInputWidth, bool NeedsInputHeight, bool NeedsLabels,
    IReadOnlyList<ThresholdRule> Thresholds)
{
    /// <summary>
    /// Whether its models have a second input, whole numbers [1, 2]: width and height of the picture, in whose pixels
    /// they give boxes.
    /// </summary>
    public bool TakesImageSize { get; init; }

    /// <summary>
    /// The rules by name. The defaults come from the projects of the families: the YOLOX demo (0.3, 0.45), Ultralytics
    /// predict (0.25; its overlap of 0.7 is per class, so YOLOX's 0.45 is used), the CenterNet and NanoDet demos (0.3
    /// and 0.4, 0.6), RT-DETR and D-FINE (0.6 and 0.4 in their demos, hence 0.5; they need no suppression, so 0.7 only
    /// joins boxes of one object with two classes), PaddleOCR (det_db_thresh 0.3, det_db_box_thresh 0.6,
    /// det_db_unclip_ratio 1.5, drop_score 0.5, cls_thresh 0.9). The default of text_join was measured with
    /// "make accuracy".
    /// </summary>
    public static readonly FrozenDictionary<string, FamilyRules> ByName = new[]
    {
        Detector(ModelFamily.NanoDet, "nanodet", 0.4, 0.6),
        Detector(ModelFamily.CenterNet, "centernet", 0.3, 0.6),
        Detector(ModelFamily.YoloX, "yolox", 0.3, 0.45),
        Detector(ModelFamily.YoloV8, "yolov8", 0.25, 0.45),
        Detector(ModelFamily.RtDetr, "rtdetr", 0.5, 0.7) with { TakesImageSize = true },
        Detector(ModelFamily.RtDetrUltralytics, "rtdetr_ultralytics", 0.5, 0.7),
        new FamilyRules(ModelFamily.PpOcrDetection, "ppocr_detection", ModelRole.TextDetector, false, false, false,
        [
            new(Models.Thresholds.TextPixel, 0.01, 0.99, 0.3),
            new(Models.Thresholds.TextBox, 0, 1, 0.6),
            new(Models.Thresholds.TextUnclip, 0, 5, 1.5),
            new(Models.Thresholds.TextJoin, 0, 3, 0.5),
        ]),
        new FamilyRules(ModelFamily.PpOcrRecognition, "ppocr_recognition", ModelRole.TextRecognizer, false, true, true,
        [
            new(Models.Thresholds.Confidence, 0, 1, 0.5),
        ]),
        new FamilyRules(ModelFamily.PpOcrDirection, "ppocr_direction", ModelRole.TextDirection, true, true, false,
        [
            new(Models.Thresholds.TextRotation, 0.5, 1, 0.5),
        ]),
    }.ToFrozenDictionary(rules => rules.Name, StringComparer.Ordinal);

    private static readonly FrozenDictionary<ModelFamily, FamilyRules> ByFamily =
        ByName.Values.ToFrozenDictionary(rules => rules.Family);

    /// <summary>The rules of a family.</summary>
    public static FamilyRules Of(ModelFamily family) => ByFamily[family];

    /// <summary>
    /// The thresholds of the models with a role: a node can set them as parameters. All families of a role have the
    /// same names and ranges; only the defaults differ.
    /// </summary>
    public static IReadOnlyList<ThresholdRule> ParametersOf(ModelRole role) =>
        ByName.Values.First(rules => rules.Role == role).Thresholds;

    /// <summary>The names of all families, for messages.</summary>
    public static string AllNames { get; } = string.Join(", ", ByName.Keys.Order(StringComparer.Ordinal));

    private static FamilyRules Detector(ModelFamily family, string name, double confidence, double overlap) =>
        new(family, name, ModelRole.Detector, true, true, true,
        [
            new(Models.Thresholds.Confidence, 0.01, 1, confidence),
            new(Models.Thresholds.Overlap, 0, 1, overlap),
            new(Models.Thresholds.OverlapAcrossClasses, 0, 1, null),
        ]);
}
