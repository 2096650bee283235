using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;

namespace ForegSyte.Inference.Stages;

/// <summary>Limits of the stages; the section "Stages".</summary>
internal sealed class StageOptions
{
    public const string Section = "Stages";

    /// <summary>Most candidate boxes of a frame that suppression looks at; the most confident ones are taken.</summary>
    /// <value>The default is 3000.</value>
    [Range(1, 100_000)]
    [Limit("boxes", "Candidate boxes of a frame that are compared; the most confident ones are taken.")]
    public int DetectionCandidates { get; set; } = 3000;

    /// <summary>Most detections of a frame; the most confident ones are kept.</summary>
    /// <value>The default is 300, the limit of the YOLO family's own tools.</value>
    [Range(1, 10_000)]
    [Limit("detections", "Detections of a frame; the most confident ones are kept.")]
    public int DetectionsPerFrame { get; set; } = 300;

    /// <summary>
    /// Longest side of the picture in which text is looked for, in pixels. Larger frames are scaled down to it, smaller
    /// ones are not scaled up. Lines are read from the frame's own pixels either way.
    /// </summary>
    /// <value>The default is 960, PaddleOCR's det_limit_side_len.</value>
    [Range(32, 4096)]
    [Limit("pixels", "Longest side of the picture in which text is looked for; larger frames are scaled down.")]
    public int TextMaxSide { get; set; } = 960;

    /// <summary>
    /// Most lines of text of a frame that are read; those that the text detector is surest of are taken.
    /// </summary>
    /// <value>The default is 200.</value>
    [Range(1, 5000)]
    [Limit("lines", "Lines of text of a frame that are read; the surest ones are taken.")]
    public int TextLinesPerFrame { get; set; } = 200;

    /// <summary>
    /// Most lines of text that are padded to one width, that of the longest of them; lines of like width come together.
    /// </summary>
    /// <value>The default is 6, PaddleOCR's rec_batch_num.</value>
    [Range(1, 128)]
    public int TextLinesPerBatch { get; set; } = 6;

    /// <summary>
    /// Most lines of such a group that are read in one run of the recogniser. It changes the time and not the text.
    /// </summary>
    /// <value>The default is 0: the whole group on a GPU, one line on the CPU, where a run of six takes longer than six
    /// runs of one.</value>
    [Range(0, 128)]
    public int TextLinesPerRun { get; set; }

    /// <summary>Widest picture of a line that the recogniser is given, in pixels; longer lines are squeezed.</summary>
    /// <value>The default is 2400, fifty times the height of a line.</value>
    [Range(320, 16_384)]
    [Limit("pixels", "Widest picture of a line of text; longer lines are squeezed.")]
    public int TextLineMaxWidth { get; set; } = 2400;

    /// <summary>
    /// How much a frame may differ from the last one that was read in the same segment for its text to be taken over
    /// unread: the mean difference in the block of 16x16 pixels that changed most, in grey levels.
    /// </summary>
    /// <value>The default is 0: every frame is read.</value>
    [Range(0, 255)]
    public int TextChangeThreshold { get; set; }
}
