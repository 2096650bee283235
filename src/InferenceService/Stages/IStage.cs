using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Inference.Stages;

/// <summary>The computation of a pipeline node. One instance serves all calls and is thread-safe.</summary>
internal interface IStage
{
    /// <summary>The frame size that the stage needs; the decoder scales frames to a fixed size.</summary>
    DecodeSize DecodeSize { get; }

    /// <summary>Class names of its detections, in the order of the classes; empty if it detects no objects.</summary>
    IReadOnlyList<string> Labels => [];

    /// <summary>Minimum confidence of its detections, 0 to 1; null if it detects no objects.</summary>
    float? DetectionConfidence => null;

    /// <summary>Processes one frame. The result does not depend on other frames in progress.</summary>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    ValueTask<StageOutput> ProcessAsync(StageInput input, CancellationToken cancellationToken);

    /// <summary>
    /// Maximum difference from an earlier frame of the same call up to which the stage reuses that frame's output, in
    /// gray levels as measured by <see cref="Vision.FrameChange"/>; 0 to process every frame.
    /// </summary>
    int ChangeThreshold => 0;

    /// <summary>
    /// The output for a frame that looks like an earlier one; called only if <see cref="ChangeThreshold"/> is not 0, or
    /// with adaptive sampling for a stage that detects no objects.
    /// </summary>
    /// <param name="earlier">Output for the earlier frame; must not be modified.</param>
    /// <param name="input">The frame and the outputs of its upstream nodes.</param>
    StageOutput Reuse(StageOutput earlier, StageInput input) => throw new NotSupportedException();
}

/// <summary>Input of a stage.</summary>
/// <param name="Frame">The frame; valid until the call returns.</param>
/// <param name="Upstream">Outputs of the upstream nodes, in the order of the pipeline's edges.</param>
/// <param name="Filter">Which findings are wanted; null for all.</param>
internal readonly record struct StageInput(
    Frame Frame, IReadOnlyList<StageOutput> Upstream, FrameFilter? Filter = null);

/// <summary>Findings of a stage in one frame, in source pixels.</summary>
/// <param name="Detections">Objects by descending confidence; empty if the stage detects none.</param>
/// <param name="Texts">Lines of text in reading order; empty if the stage reads none.</param>
internal sealed record StageOutput(IReadOnlyList<Detection> Detections, IReadOnlyList<TextFinding> Texts)
{
    /// <summary>Number of lines left out because the model probably cannot read their script.</summary>
    public int UnsupportedLines { get; init; }

    /// <summary>
    /// <see cref="Vision.AppearanceDescriptor"/> of each detection, in the same order; empty if nothing follows
    /// objects.
    /// </summary>
    public IReadOnlyList<ByteString> Appearances { get; init; } = [];

    /// <summary>
    /// Detections below the confidence of the results, for those who follow objects, by descending confidence.
    /// </summary>
    public IReadOnlyList<Candidate> Candidates { get; init; } = [];

    /// <summary>An output of objects only.</summary>
    public static StageOutput Of(IReadOnlyList<Detection> detections) => new(detections, []);

    /// <summary>An output of text only.</summary>
    public static StageOutput Of(IReadOnlyList<TextFinding> texts) => new([], texts);
}

/// <summary>A line of text and the object that it is on.</summary>
/// <param name="Region">The line. Its detection_index is set when the detections of the frame are in order.</param>
/// <param name="Within">The upstream detection around the line; null if there is none.</param>
internal sealed record TextFinding(TextRegion Region, Detection? Within);
