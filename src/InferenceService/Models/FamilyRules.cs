using System.Collections.Frozen;

namespace ForegSyte.Inference.Models;

/// <summary>What the catalogue and the pipelines may say about models of one family.</summary>
/// <param name="Family">The family.</param>
/// <param name="Name">Its name in the catalogue.</param>
/// <param name="Role">What its models are used for.</param>
/// <param name="NeedsInputWidth">Whether an entry has to give input.width.</param>
/// <param name="NeedsInputHeight">Whether an entry has to give input.height.</param>
/// <param name="NeedsLabels">Whether an entry has to give labels_file.</param>
/// <param name="Thresholds">The thresholds that it knows.</param>
internal sealed record FamilyRules(
    ModelFamily Family, string Name, ModelRole Role, bool NeedsInputWidth, bool NeedsInputHeight, bool NeedsLabels,
    IReadOnlyList<ThresholdRule> Thresholds)
{
    /// <summary>
    /// The rules by name. Defaults are those of the projects that the families come from: YOLOX demo (0.3, 0.45),
    /// Ultralytics predict (0.25; its overlap of 0.7 is meant for one class at a time, so that YOLOX's 0.45 is taken),
    /// CenterNet and NanoDet demos (0.3 to 0.4, 0.6), PaddleOCR (det_db_thresh 0.3, det_db_box_thresh 0.6,
    /// det_db_unclip_ratio 1.5, drop_score 0.5, cls_thresh 0.9).
    /// </summary>
    public static readonly FrozenDictionary<string, FamilyRules> ByName = new[]
    {
        Detector(ModelFamily.NanoDet, "nanodet", 0.4f, 0.6f),
        Detector(ModelFamily.CenterNet, "centernet", 0.3f, 0.6f),
        Detector(ModelFamily.YoloX, "yolox", 0.3f, 0.45f),
        Detector(ModelFamily.YoloV8, "yolov8", 0.25f, 0.45f),
        new FamilyRules(ModelFamily.PpOcrDetection, "ppocr_detection", ModelRole.TextDetector, false, false, false,
        [
            new(Models.Thresholds.TextPixel, 0.01f, 0.99f, 0.3f),
            new(Models.Thresholds.TextBox, 0, 1, 0.6f),
            new(Models.Thresholds.TextUnclip, 0, 5, 1.5f),
            new(Models.Thresholds.TextJoin, 0, 3, 0.5f),
        ]),
        new FamilyRules(ModelFamily.PpOcrRecognition, "ppocr_recognition", ModelRole.TextRecognizer, false, true, true,
        [
            new(Models.Thresholds.Confidence, 0, 1, 0.5f),
        ]),
        new FamilyRules(ModelFamily.PpOcrDirection, "ppocr_direction", ModelRole.TextDirection, true, true, false,
        [
            new(Models.Thresholds.TextRotation, 0.5f, 1, 0.9f),
        ]),
    }.ToFrozenDictionary(rules => rules.Name, StringComparer.Ordinal);

    private static readonly FrozenDictionary<ModelFamily, FamilyRules> ByFamily =
        ByName.Values.ToFrozenDictionary(rules => rules.Family);

    /// <summary>The rules of a family.</summary>
    public static FamilyRules Of(ModelFamily family) => ByFamily[family];

    /// <summary>The names of all families, for messages.</summary>
    public static string AllNames { get; } = string.Join(", ", ByName.Keys.Order(StringComparer.Ordinal));

    private static FamilyRules Detector(ModelFamily family, string name, float confidence, float overlap) =>
        new(family, name, ModelRole.Detector, true, true, true,
        [
            new(Models.Thresholds.Confidence, 0.01f, 1, confidence),
            new(Models.Thresholds.Overlap, 0, 1, overlap),
            new(Models.Thresholds.OverlapAcrossClasses, 0, 1, null),
        ]);
}
