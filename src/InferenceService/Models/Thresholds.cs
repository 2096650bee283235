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

    /// <summary>A pixel of the text map above this is text, 0 to 1.</summary>
    public const string TextPixel = "text_pixel";

    /// <summary>A region of the text map whose mean is below this is dropped, 0 to 1.</summary>
    public const string TextBox = "text_box";

    /// <summary>How far a region of the text map grows, as area * ratio / perimeter.</summary>
    public const string TextUnclip = "text_unclip";

    /// <summary>A line is turned by 180 degrees where the classifier is at least this sure, 0 to 1.</summary>
    public const string TextRotation = "text_rotation";
}
