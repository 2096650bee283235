namespace ForegSyte.Inference.Stages;

/// <summary>What a stage found in one frame, in source pixels.</summary>
/// <param name="Detections">Objects by falling confidence; empty for a stage that finds none.</param>
/// <param name="Texts">Lines of text in reading order; empty for a stage that reads none.</param>
internal sealed record StageOutput(IReadOnlyList<V1.Detection> Detections, IReadOnlyList<TextFinding> Texts)
{
    /// <summary>Objects and nothing else.</summary>
    public static StageOutput Of(IReadOnlyList<V1.Detection> detections) => new(detections, []);

    /// <summary>Lines of text and nothing else.</summary>
    public static StageOutput Of(IReadOnlyList<TextFinding> texts) => new([], texts);
}
