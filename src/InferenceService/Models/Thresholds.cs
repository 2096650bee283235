namespace ForegSyte.Inference.Models;

/// <summary>
/// Names of the thresholds. Within a stage a name belongs to one role, so that a node needs no prefix.
/// </summary>
internal static class Thresholds
{
    /// <summary>Detections, or lines of text, below this are dropped, 0 to 1.</summary>
    public const string Confidence = "confidence";

    /// <summary>
    /// Of two detections that overlap by more than this (intersection over union, 0 to 1) one is kept.
    /// </summary>
    public const string Overlap = "iou";

    /// <summary>
    /// The same for two detections of different classes. Where it is not given, <see cref="Overlap"/> counts for them
    /// too: one thing, one detection. 1 suppresses each class by itself.
    /// </summary>
    public const string OverlapAcrossClasses = "iou_across_classes";

    /// <summary>A pixel of the text map above this is text, 0 to 1.</summary>
    public const string TextPixel = "text_pixel";

    /// <summary>A region of the text map whose mean is below this is dropped, 0 to 1.</summary>
    public const string TextBox = "text_box";

    /// <summary>How far a region of the text map grows, as area * ratio / perimeter.</summary>
    public const string TextUnclip = "text_unclip";

    /// <summary>
    /// Regions of one line are joined where the gap between them is at most this share of their height; 0 joins none.
    /// </summary>
    public const string TextJoin = "text_join";

    /// <summary>A line is turned by 180 degrees where the classifier is at least this sure, 0 to 1.</summary>
    public const string TextRotation = "text_rotation";
}
