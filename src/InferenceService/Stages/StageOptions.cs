using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;

namespace ForegSyte.Inference.Stages;

/// <summary>Limits of the stages; the section "Stages".</summary>
internal sealed class StageOptions
{
    public const string Section = "Stages";

    /// <summary>Maximum number of candidate boxes per frame; suppression considers the most confident ones.</summary>
    /// <value>The default is 3000.</value>
    [Range(1, 100_000)]
    [Limit("boxes", "Candidate boxes per frame; suppression considers the most confident ones.")]
    public int DetectionCandidates { get; set; } = 3000;

    /// <summary>Maximum number of detections per frame; the most confident ones are kept.</summary>
    /// <value>The default is 300, the limit of the YOLO family's own tools.</value>
    [Range(1, 10_000)]
    [Limit("detections", "Detections per frame; the most confident ones are kept.")]
    public int DetectionsPerFrame { get; set; } = 300;

    /// <summary>
    /// Maximum longer side of the image in which text is detected, in pixels. Larger frames are scaled down to it,
    /// smaller ones are not scaled up. Recognition always uses the native resolution.
    /// </summary>
    /// <value>The default is 960 (PaddleOCR, det_limit_side_len).</value>
    [Range(32, 4096)]
    [Limit("pixels", "Longer side of the image in which text is detected; larger frames are scaled down.")]
    public int TextMaxSide { get; set; } = 960;

    /// <summary>Maximum number of lines read per frame; the most confident ones are read.</summary>
    /// <value>The default is 200.</value>
    [Range(1, 5000)]
    [Limit("lines", "Lines of text read per frame; the most confident ones are read.")]
    public int TextLinesPerFrame { get; set; } = 200;

    /// <summary>
    /// Maximum number of lines of similar width that are padded to the same width, that of the longest of them.
    /// </summary>
    /// <value>The default is 6 (PaddleOCR, rec_batch_num).</value>
    [Range(1, 128)]
    public int TextLinesPerBatch { get; set; } = 6;

    /// <summary>Maximum number of lines of such a group per model run. It changes the time, not the text.</summary>
    /// <value>The default is 0: the whole group on a GPU, one line on the CPU, where one run of six lines takes longer
    /// than six runs of one line.</value>
    [Range(0, 128)]
    public int TextLinesPerRun { get; set; }

    /// <summary>
    /// Maximum width of the image of a line, in pixels; longer lines are read in overlapping windows of this width.
    /// </summary>
    /// <value>The default is 2400, fifty times the height of a line.</value>
    [Range(320, 16_384)]
    [Limit("pixels", "Width of the image of a line of text; longer lines are read in overlapping windows.")]
    public int TextLineMaxWidth { get; set; } = 2400;

    /// <summary>Maximum number of windows of a line; longer lines are compressed.</summary>
    /// <value>The default is 16, nearly 800 times the height of a line.</value>
    [Range(1, 256)]
    [Limit("windows", "Windows in which one line of text is read; longer lines are compressed.")]
    public int TextLineMaxWindows { get; set; } = 16;

    /// <summary>
    /// Maximum difference from the last read frame of the segment up to which a frame reuses its text: the mean
    /// absolute difference of the 16x16 block that changed most, in gray levels.
    /// </summary>
    /// <value>The default is 0: every frame is read.</value>
    [Range(0, 255)]
    public int TextChangeThreshold { get; set; }
}
